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
 * The instructions also take the same time for all data: there are no tables whose cache lines
 * could give a key away.
 *
 * This file knows nothing of MTProto: envelope.py derives keys and judges digests. What the
 * processor cannot run is not offered: without SHA-NI decrypt_ige_sha256 is missing; without
 * AES-NI, and on other processors than x86-64, the import fails.
 *
 * Sources: FIPS 197 (AES), FIPS 180-4 (SHA-256), Intel's Software Developer's Manual, vol. 2.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>
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
    /* From here on the GIL is released: 30 us of work, many times what a handover costs. A smaller
       message would more often wait for the GIL to come back than let anybody else get on. */
    RELEASE_GIL_FROM = 32 * 1024,
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

/* Hashes the 64 bytes at `hashed`, and meanwhile decrypts `blocks` (0 to 4) blocks at `data`. */
WITH_SHA INLINE void hash_and_decrypt(Sha *sha, const uint8_t *hashed, const Schedule *schedule,
                                      Chain *chain, uint8_t *data, int blocks)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const Sha before = *sha;
    __m128i words[4];

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        words[i] = _mm_shuffle_epi8(load(hashed + 16 * i), big_endian);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        if (i < blocks)
            decrypt_block(schedule, chain, data + BLOCK * i);
        sha_quarter(sha, words, i);
    }
    sha->abef = _mm_add_epi32(sha->abef, before.abef);
    sha->cdgh = _mm_add_epi32(sha->cdgh, before.cdgh);
}

/* The words a to h, each with its highest byte first. */
WITH_SHA INLINE void sha_digest(const Sha *sha, uint8_t *digest)
{
    const __m128i reversed = _mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607);
    store(digest, _mm_shuffle_epi8(_mm_unpackhi_epi64(sha->abef, sha->cdgh), reversed));
    store(digest + 16, _mm_shuffle_epi8(_mm_unpacklo_epi64(sha->abef, sha->cdgh), reversed));
}

/* Needs two blocks of data at least, and whole ones: then what is left for the end, 0 to 48 bytes,
   has room in one SHA block with the padding (FIPS 180-4, 5.1.1). */
WITH_SHA static void decrypt_sha256(const Schedule *schedule, const uint8_t *iv, uint8_t *data,
                                    size_t size, const uint8_t *prefix, uint8_t *digest)
{
    uint8_t edge[SHA_BLOCK];
    uint8_t *at = data, *const end = data + size;
    const uint8_t *hashed = edge;
    Chain chain = first_link(iv);
    Sha sha = sha_start();

    memcpy(edge, prefix, PREFIX);
    for (; at < data + SHA_BLOCK - PREFIX; at += BLOCK)
        decrypt_block(schedule, &chain, at);
    memcpy(edge + PREFIX, data, SHA_BLOCK - PREFIX);

    for (; end - at >= SHA_BLOCK; at += SHA_BLOCK) {
        hash_and_decrypt(&sha, hashed, schedule, &chain, at, SHA_BLOCK / BLOCK);
        hashed = at;
    }
    const size_t rest = (size_t)(end - at);
    hash_and_decrypt(&sha, hashed, schedule, &chain, at, (int)(rest / BLOCK));

    const uint64_t bits = __builtin_bswap64(8 * (uint64_t)(PREFIX + size));
    memset(edge, 0, sizeof edge);
    memcpy(edge, at, rest);
    edge[rest] = 0x80;
    memcpy(edge + SHA_BLOCK - sizeof bits, &bits, sizeof bits);
    hash_and_decrypt(&sha, edge, schedule, &chain, at, 0);
    sha_digest(&sha, digest);
}

/* --- Python ----------------------------------------------------------------------------------- */

/* While a Py_buffer is held its object can neither be resized nor freed. */
typedef struct {
    Py_buffer data, key, iv, prefix;
} Arguments;

static void release(Arguments *given)
{
    PyBuffer_Release(&given->data);
    PyBuffer_Release(&given->key);
    PyBuffer_Release(&given->iv);
    PyBuffer_Release(&given->prefix);
}

/* Nothing is touched before all sizes are known to be right. */
static int sizes_are_right(const Arguments *given, int hashing)
{
    const Py_ssize_t least = hashing ? SHA_BLOCK - PREFIX : BLOCK;

    if (given->data.len < least || given->data.len % BLOCK != 0)
        PyErr_Format(PyExc_ValueError, "data must be blocks of %d bytes, %zd bytes at least",
                     (int)BLOCK, least);
    else if (given->key.len != KEY || given->iv.len != IV)
        PyErr_SetString(PyExc_ValueError, "key and iv must be 32 bytes each");
    else if (hashing && given->prefix.len != PREFIX)
        PyErr_SetString(PyExc_ValueError, "prefix must be 32 bytes");
    else
        return 1;
    return 0;
}

/* Decrypts in place; `digest` is NULL where none is wanted. */
static void work(const Arguments *given, uint8_t *digest)
{
    const size_t size = (size_t)given->data.len;
    Schedule schedule;

    expand_key(&schedule, given->key.buf);
    if (digest == NULL)
        decrypt(&schedule, given->iv.buf, given->data.buf, size);
    else
        decrypt_sha256(&schedule, given->iv.buf, given->data.buf, size, given->prefix.buf, digest);
    wipe(&schedule, sizeof schedule);
}

/* True when the work is done; if not, an exception is set. Releases what was given. */
static int check_and_work(Arguments *given, uint8_t *digest)
{
    const int right = sizes_are_right(given, digest != NULL);

    if (right && given->data.len >= RELEASE_GIL_FROM) {
        Py_BEGIN_ALLOW_THREADS
        work(given, digest);
        Py_END_ALLOW_THREADS
    } else if (right) {
        work(given, digest);
    }
    release(given);
    return right;
}

static PyObject *py_decrypt_ige(PyObject *Py_UNUSED(module), PyObject *args)
{
    Arguments given = {0};

    if (!PyArg_ParseTuple(args, "w*y*y*:decrypt_ige", &given.data, &given.key, &given.iv))
        return NULL;
    if (!check_and_work(&given, NULL))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *py_decrypt_ige_sha256(PyObject *Py_UNUSED(module), PyObject *args)
{
    Arguments given = {0};
    uint8_t digest[DIGEST];

    if (!PyArg_ParseTuple(args, "w*y*y*y*:decrypt_ige_sha256", &given.data, &given.key, &given.iv,
                          &given.prefix))
        return NULL;
    if (!check_and_work(&given, digest))
        return NULL;
    return PyBytes_FromStringAndSize((const char *)digest, DIGEST);
}

static PyMethodDef NEED_AES[] = {
    {"decrypt_ige", py_decrypt_ige, METH_VARARGS,
     "decrypt_ige(data, key, iv) -> None\n\n"
     "Decrypts whole 16-byte blocks of AES-256-IGE in place: data must be writable."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef NEED_SHA_TOO[] = {
    {"decrypt_ige_sha256", py_decrypt_ige_sha256, METH_VARARGS,
     "decrypt_ige_sha256(data, key, iv, prefix) -> bytes\n\n"
     "decrypt_ige of 32 bytes or more; returns SHA-256 of the 32-byte prefix and the plaintext."},
    {NULL, NULL, 0, NULL},
};

/* SSSE3 and SSE4.1 came before AES-NI and SHA-NI, but a virtual machine may hide what it likes. */
static int offer_what_the_processor_can(PyObject *module)
{
    const unsigned needed = bit_SSSE3 | bit_SSE4_1 | bit_AES;
    unsigned eax, ebx, ecx, edx;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & needed) != needed) {
        PyErr_SetString(PyExc_ImportError, "this processor has no AES-NI");
        return -1;
    }
    if (PyModule_AddFunctions(module, NEED_AES) < 0)
        return -1;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_SHA) != 0)
        return PyModule_AddFunctions(module, NEED_SHA_TOO);
    return 0;
}

#else

static int offer_what_the_processor_can(PyObject *Py_UNUSED(module))
{
    PyErr_SetString(PyExc_ImportError, "built for another processor than x86-64");
    return -1;
}

#endif

static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, offer_what_the_processor_can},
#ifdef Py_mod_multiple_interpreters /* Python 3.12 */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil /* Python 3.13: there is no state to guard */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "telpher.telegram.crypto._fast",
    .m_doc = "AES-256-IGE and SHA-256 by the processor's own instructions.",
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__fast(void) { return PyModuleDef_Init(&MODULE); }
