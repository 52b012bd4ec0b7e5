/*
 * Decryption by AES-256-IGE together with SHA-256, for x86-64 with AES-NI and SHA-NI.
 *
 * A message of a mebibyte must be decrypted and hashed before a byte of it may be believed. Each of
 * the two is one long chain, so neither can be made parallel within a message:
 *
 *   IGE       plain[i] = D(cipher[i] ^ plain[i-1]) ^ cipher[i-1], where D is the AES decryption of
 *             one block. None can start before the one before it has ended: 14 rounds of some
 *             4 cycles each, 56 cycles for 16 bytes.
 *   SHA-256   each round needs the one before it: 32 instructions of some 4 cycles for 64 bytes,
 *             hence 32 cycles for 16 bytes.
 *
 * A chain leaves the processor mostly idle, waiting. The two need nothing of each other but the
 * plaintext, so they go through it side by side: while 64 bytes are hashed, the next 64 are
 * decrypted, an AES block beside each quarter of the compression. An out-of-order core overlaps
 * them: the hash then costs next to nothing, and the data crosses the cache once instead of twice.
 *
 *   hashed     [ prefix, 0..32 ][ 32..96 ][ 96..160 ] ...        the prefix is 32 bytes long, so
 *   decrypted  first    0..32,    32..96,   96..160, ...         the first block takes 32 of data
 *
 * AES stays the longer chain, and two blocks of it fit into the time of one. So two messages that are
 * there together are worked on side by side in the same way: both take what one alone would.
 *
 * The instructions also take the same time for all data: there are no tables whose cache lines
 * could give a key away.
 *
 * _fast.c looks whether the processor has these instructions.
 *
 * Sources: FIPS 197 (AES), FIPS 180-4 (SHA-256), Intel's Software Developer's Manual, vol. 2.
 */

#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

/* Everything is inlined into the few functions below, so that both chains stay in registers. */
#define WITH_AES __attribute__((target("aes,sse4.1")))
#define WITH_SHA __attribute__((target("aes,sse4.1,sha")))
#define INLINE static inline __attribute__((always_inline))

enum {
    BLOCK = 16,      /* bytes, AES */
    ROUNDS = 14,     /* of AES with a key of 256 bits */
    KEY = 32,        /* bytes */
    IV = 32,         /* bytes: the two blocks "before the first" */
    SHA_BLOCK = 64,  /* bytes */
    DIGEST = 32,     /* bytes */
    PREFIX = 32,     /* bytes that are hashed before the data: half a SHA block, see above */
};

INLINE __m128i load(const void *from) { return _mm_loadu_si128((const __m128i *)from); }
INLINE void store(void *to, __m128i value) { _mm_storeu_si128((__m128i *)to, value); }

/* A memset that the compiler may not leave out although nobody reads what it wrote. */
INLINE void wipe(void *secret, size_t size)
{
    memset(secret, 0, size);
    __asm__ __volatile__("" : : "r"(secret) : "memory");
}

/* --- AES-256-IGE ------------------------------------------------------------------------------ */

typedef struct {
    __m128i round[ROUNDS + 1];
} Schedule;

typedef struct {
    __m128i cipher, plain;  /* the block before this one */
} Chain;

/* FIPS 197, 5.2 (each round key comes from the two before it) and 5.3.5 (for decryption: backwards,
   the inner ones put through InvMixColumns). */
WITH_AES static void expand_key(Schedule *schedule, const uint8_t *key)
{
    __m128i forward[ROUNDS + 1] = {load(key), load(key + BLOCK)};
    int constant = 1;

    for (int i = 2; i <= ROUNDS; i++) {
        /* of the last key's last word: lane 3 is RotWord(SubWord(it)), lane 2 SubWord(it) */
        __m128i word = _mm_aeskeygenassist_si128(forward[i - 1], 0);
        if (i % 2 == 0) {
            word = _mm_xor_si128(_mm_shuffle_epi32(word, 0xff), _mm_set1_epi32(constant));
            constant <<= 1;
        } else {
            word = _mm_shuffle_epi32(word, 0xaa);
        }
        /* word n of the new key: that, xored with words 0 to n of the key before the last */
        __m128i sums = forward[i - 2];
        sums = _mm_xor_si128(sums, _mm_slli_si128(sums, 4));
        sums = _mm_xor_si128(sums, _mm_slli_si128(sums, 8));
        forward[i] = _mm_xor_si128(sums, word);
    }
    schedule->round[0] = forward[ROUNDS];
    for (int i = 1; i < ROUNDS; i++)
        schedule->round[i] = _mm_aesimc_si128(forward[ROUNDS - i]);
    schedule->round[ROUNDS] = forward[0];
    wipe(forward, sizeof forward);
}

/* The iv is what IGE takes for the blocks before the first, the ciphertext block first. */
INLINE Chain first_link(const uint8_t *iv)
{
    return (Chain){.cipher = load(iv), .plain = load(iv + BLOCK)};
}

/* Decrypts one block in place. */
WITH_AES INLINE void decrypt_block(const Schedule *schedule, Chain *chain, uint8_t *at)
{
    const __m128i *key = schedule->round;
    const __m128i cipher = load(at);
    __m128i state = _mm_xor_si128(chain->plain, _mm_xor_si128(cipher, key[0]));

#pragma GCC unroll 16
    for (int i = 1; i < ROUNDS; i++)
        state = _mm_aesdec_si128(state, key[i]);
    /* The last round ends with xoring its key: IGE's second xor goes with it, off the chain. */
    state = _mm_aesdeclast_si128(state, _mm_xor_si128(key[ROUNDS], chain->cipher));
    store(at, state);
    chain->cipher = cipher;
    chain->plain = state;
}

WITH_AES static void decrypt(const Schedule *schedule, const uint8_t *iv, uint8_t *data,
                             size_t size)
{
    Chain chain = first_link(iv);
    for (uint8_t *at = data; at < data + size; at += BLOCK)
        decrypt_block(schedule, &chain, at);
}

/* --- SHA-256 while decrypting ----------------------------------------------------------------- */

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes */
static const uint32_t ROUND_CONSTANTS[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef struct {
    __m128i abef, cdgh;  /* the eight words of the state, a and c in the highest lanes */
} Sha;

/* FIPS 180-4, 5.3.3 */
WITH_SHA INLINE Sha sha_start(void)
{
    return (Sha){
        .abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
        .cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19),
    };
}

/* Sixteen rounds; `words` go in as W[t..t+15] and, while there is a next quarter, come out as
   W[t+16..t+31] (FIPS 180-4, 6.2.2). */
WITH_SHA INLINE void sha_quarter(Sha *sha, __m128i words[4], int quarter)
{
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        __m128i *word = &words[i], next = words[(i + 1) % 4];
        __m128i after = words[(i + 2) % 4], last = words[(i + 3) % 4];
        __m128i sum = _mm_add_epi32(*word, load(&ROUND_CONSTANTS[16 * quarter + 4 * i]));

        sha->cdgh = _mm_sha256rnds2_epu32(sha->cdgh, sha->abef, sum);
        sha->abef = _mm_sha256rnds2_epu32(sha->abef, sha->cdgh, _mm_shuffle_epi32(sum, 0x0e));
        if (quarter < 3) {
            *word = _mm_sha256msg1_epu32(*word, next);
            *word = _mm_add_epi32(*word, _mm_alignr_epi8(last, after, 4));
            *word = _mm_sha256msg2_epu32(*word, last);
        }
    }
}

/* The sixteen words at `hashed`, whose bytes stand highest first. */
WITH_SHA INLINE void sha_words(__m128i words[4], const uint8_t *hashed)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        words[i] = _mm_shuffle_epi8(load(hashed + 16 * i), big_endian);
}

WITH_SHA INLINE Sha sha_sum(Sha one, Sha other)
{
    return (Sha){
        .abef = _mm_add_epi32(one.abef, other.abef),
        .cdgh = _mm_add_epi32(one.cdgh, other.cdgh),
    };
}

/* One compression, with nothing beside it. */
WITH_SHA static void sha_compress(Sha *sha, const uint8_t *hashed)
{
    const Sha before = *sha;
    __m128i words[4];

    sha_words(words, hashed);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        sha_quarter(sha, words, i);
    *sha = sha_sum(*sha, before);
}

/* The words a to h, each with its highest byte first. */
WITH_SHA INLINE void sha_digest(const Sha *sha, uint8_t *digest)
{
    const __m128i reversed = _mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607);
    store(digest, _mm_shuffle_epi8(_mm_unpackhi_epi64(sha->abef, sha->cdgh), reversed));
    store(digest + 16, _mm_shuffle_epi8(_mm_unpacklo_epi64(sha->abef, sha->cdgh), reversed));
}

/* A message on its way. What is before `at` is decrypted, and hashed but for the 64 bytes at
   `hashed`: the prefix and the first data in `edge`, later the data itself. */
typedef struct {
    Schedule schedule;
    Chain chain;
    Sha sha;
    const uint8_t *hashed;
    uint8_t *at, *end;
    size_t size;
    uint8_t edge[SHA_BLOCK];
} Message;

/* Needs two blocks of data at least, and whole ones: then what is left for the end, 0 to 48 bytes,
   has room in one SHA block with the padding (FIPS 180-4, 5.1.1). */
WITH_SHA static void begin(Message *message, const uint8_t *key, const uint8_t *iv, uint8_t *data,
                           size_t size, const uint8_t *prefix)
{
    expand_key(&message->schedule, key);
    message->chain = first_link(iv);
    message->sha = sha_start();
    message->size = size;
    message->end = data + size;
    for (message->at = data; message->at < data + SHA_BLOCK - PREFIX; message->at += BLOCK)
        decrypt_block(&message->schedule, &message->chain, message->at);
    memcpy(message->edge, prefix, PREFIX);
    memcpy(message->edge + PREFIX, data, SHA_BLOCK - PREFIX);
    message->hashed = message->edge;
}

/* Goes on with `count` (1 or 2) messages side by side, for so many SHA blocks of each: 64 bytes are
   hashed while the next 64 are decrypted. What changes is kept out of memory meanwhile. */
WITH_SHA INLINE void advance(Message *const *messages, const int count, size_t blocks)
{
    const uint8_t *hashed[2];
    uint8_t *at[2];
    Chain chain[2];
    Sha sha[2], before[2];
    __m128i words[2][4];

#pragma GCC unroll 2
    for (int n = 0; n < count; n++) {
        hashed[n] = messages[n]->hashed;
        at[n] = messages[n]->at;
        chain[n] = messages[n]->chain;
        sha[n] = messages[n]->sha;
    }
    for (; blocks > 0; blocks--) {
#pragma GCC unroll 2
        for (int n = 0; n < count; n++) {
            before[n] = sha[n];
            sha_words(words[n], hashed[n]);
        }
#pragma GCC unroll 4
        for (int i = 0; i < SHA_BLOCK / BLOCK; i++) {
#pragma GCC unroll 2
            for (int n = 0; n < count; n++) {
                decrypt_block(&messages[n]->schedule, &chain[n], at[n] + BLOCK * i);
                sha_quarter(&sha[n], words[n], i);
            }
        }
#pragma GCC unroll 2
        for (int n = 0; n < count; n++) {
            sha[n] = sha_sum(sha[n], before[n]);
            hashed[n] = at[n];
            at[n] += SHA_BLOCK;
        }
    }
#pragma GCC unroll 2
    for (int n = 0; n < count; n++) {
        messages[n]->hashed = hashed[n];
        messages[n]->at = at[n];
        messages[n]->chain = chain[n];
        messages[n]->sha = sha[n];
    }
}

INLINE size_t blocks_left(const Message *message)
{
    return (size_t)(message->end - message->at) / SHA_BLOCK;
}

WITH_SHA static void go_on(Message *message) { advance(&message, 1, blocks_left(message)); }

/* As far as the shorter one goes. */
WITH_SHA static void go_on_together(Message *one, Message *other)
{
    Message *const both[] = {one, other};
    const size_t left = blocks_left(one), right = blocks_left(other);

    advance(both, 2, left < right ? left : right);
}

/* What is left, less than a SHA block, and the padding. */
WITH_SHA static void finish(Message *message, uint8_t *digest)
{
    const uint64_t bits = __builtin_bswap64(8 * (uint64_t)(PREFIX + message->size));
    const size_t rest = (size_t)(message->end - message->at);
    uint8_t last[SHA_BLOCK] = {0};

    sha_compress(&message->sha, message->hashed);
    for (; message->at < message->end; message->at += BLOCK)
        decrypt_block(&message->schedule, &message->chain, message->at);
    memcpy(last, message->end - rest, rest);
    last[rest] = 0x80;
    memcpy(last + SHA_BLOCK - sizeof bits, &bits, sizeof bits);
    sha_compress(&message->sha, last);
    sha_digest(&message->sha, digest);
}
