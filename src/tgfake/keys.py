"""The RSA keys of the five data centres, one each. They protect nothing.

A client encrypts the first steps of the key exchange to a public key that it ships. tgfake ships
the private halves as well, here, for everyone to read: its data centres listen on loopback and
guard made-up messages. Fixed keys cost no time at start, where making five would take ten
seconds and more, and a client set up once goes on working.
"""

import base64
import hashlib
import struct
from dataclasses import dataclass

from tgfake.tl import tl_bytes

_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A 2048-bit RSA key by its two primes."""

    p: int
    q: int

    @property
    def n(self) -> int:
        """The modulus."""
        return self.p * self.q

    @property
    def fingerprint(self) -> int:
        """Telegram's name for the key: the last 64 bits of the SHA-1 of its TL form, signed."""
        modulus = tl_bytes(_unsigned(self.n)) + tl_bytes(_unsigned(_EXPONENT))
        (value,) = struct.unpack("<q", hashlib.sha1(modulus, usedforsecurity=False).digest()[-8:])
        return int(value)

    def decrypt(self, cipher: bytes) -> bytes:
        """Raw RSA with the private key, 256 bytes to 256 bytes; no padding is removed.

        Works modulo each prime and joins the halves (Chinese remainder theorem): three times
        faster than one power modulo n.
        """
        value = int.from_bytes(cipher, "big")
        private = pow(_EXPONENT, -1, (self.p - 1) * (self.q - 1))
        mod_p = pow(value % self.p, private % (self.p - 1), self.p)
        mod_q = pow(value % self.q, private % (self.q - 1), self.q)
        carry = (mod_p - mod_q) * pow(self.q, -1, self.p) % self.p
        return (mod_q + carry * self.q).to_bytes(256, "big")

    def public_pem(self) -> str:
        """The public half as PKCS#1 PEM, the form that Telegram publishes its own keys in."""
        der = _der(0x30, _der_integer(self.n) + _der_integer(_EXPONENT))
        text = base64.b64encode(der).decode()
        lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
        return f"-----BEGIN RSA PUBLIC KEY-----\n{lines}\n-----END RSA PUBLIC KEY-----\n"


def _unsigned(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = _unsigned(size)
    return bytes((tag, 0x80 | len(length))) + length + content


def _der_integer(value: int) -> bytes:
    # One more byte than needed where the top bit is set: DER integers are signed.
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


_PRIMES = (
    (
        "acbcdeddaa1c5b920aaf8afec7b2f3ea2d0ef75209e122e1083c9ef6a24a3b39"
        "b5a0f411b0efb73fe52ae19e5c3f5f9c689235c84d1e426b35acc915be89d19f"
        "24ef7ea68a9ca6e8e8be2185dd1f01b3b4354d81d2dc40fc38be513a8e86c96a"
        "25079c41c1d45025e35677680c3d130ab11e7b83951e27c7409b3f0a3eb26bce"
        "babe9950935d739b",
        "c45a71cb76f97f3b80501d538945810bc245287248346327c52177c3c0cec72c"
        "0b1a70be40dbdfd0c7fd98d5f8a9c3a800877acac8f0f39a4b3b155a17ec0227"
        "1b31b5b11dc63eecdab2abaa474e54cd43df5b9d8f96d9b5f95543243fbbfb5b"
        "bb9e1d89bee6d7d792bcbd7ba4c6ee901286acd4f7dd13c9",
    ),
    (
        "9b8cfb0ed1a9b273b4864dc07e283a122475f593adb2f20a91ea448aaa63cccf"
        "c69d985dd7447a8784f3cd5c09d043812d85fd90ab49399980a9d5a323d14e3b"
        "128de4012743acc75a4c1a60f79e0ee66ffc74eca4447224a56645acf073a625"
        "0137a7f33aba9b50416f146f412c41a3d5e2d82e2a438d21518609aa7dac6463"
        "c6ab8070fb9532ad",
        "f02eb0ce90ff14e6768b2ef37b407829edb14ee35acb2d403e5fb357c914ba31"
        "3256f3d5c9194afd85ebf8d13b702a06fa55251d7cbd17227d4a1d2beb2f95ee"
        "79deb730e73d0aa266bbd2f58efd4053d320f7515ced8617b881f8ed369ff961"
        "0d81be07cbfface9761e6460974f5cd87179efbd1291c765",
    ),
    (
        "fef1a961551697f283049a5cb775bdc90f7eb0df734a923915e1f2eb1efaf58b"
        "6ddd8a25b6fa46892bb953abfd6b3dd7d23ac700ccff029a862469e4daf3c459"
        "b90b67d2ca1a1d12c06b6aa3018c370c1867f830067c4d9354ca7f07c815d646"
        "8caeca7982f55fc67af5dc0ba8f884d386f9d5f4cb1e6067f115f0f05f0bd6c8"
        "6f9b678518e088f1",
        "dbecb8d2e2cd5b0b86466e6c1e33e5067c227901be14f7e07ce9cf489d21d1be"
        "9b4308a145c89f04368454254ce0da2dfce7cb3ff1cde962fb9a18a8698891c2"
        "ee9018a68566ff2890c810c02ad6a4930ddd057882cabf8db63a307587308aac"
        "19d5e06f5a0f604f766303ec0c3d4fc61ceff9145ea6afef",
    ),
    (
        "d96e1263ad9332b8d84fe6e4a40c4c5f58c41b8ffcd689745cbeb265dcb2cd86"
        "0ea8c833f8ff0eff6dcfbe0cadb2c63c73fe393ea441a28a384f66af833b96e1"
        "9450c0538e4719e9287c275fef5827213537b7c492003228a8f01746c64a5f9b"
        "a95b33f36304fbe1963abda4451d76a3555fa9ae492725fe677f97a94ec007a2"
        "03981cee977cb4a5",
        "ab06f0e124229d2278bb621536963e0167b7579320ae27119b7fc1bc7f7e559d"
        "ffb928644cbfaa283fa3eba51fc8d6bb57493768523f1d29d842945de5a37279"
        "b611a344bff921454297a5cf29598f40101941406351649c5b2609c0d569b501"
        "0c4cb7d2edd6102bc8993da7cf69af7d48156dc0798c48a9",
    ),
    (
        "d635641f15e2a5a9c4b8de0790d7522031a630dcb4b1bfa6d8502f2df7f28f21"
        "cc920e77da5da985439671ec8c39768db7ae2e965fb8d625f0d4925d45adfbf3"
        "054c8e6daf01bbbd552ec2db10e421036ad5716c59c96d0d4a77d66a9bfea5cd"
        "541ceca1e6c6f5e70ace8f89be1d18cedabcbc5615fcc1066e2ae8a30240620d"
        "ac5546b8b2d22137",
        "aed85df07b71a9c85253d3b55f9349c094fc1be44aa6fa6aa31ce42a73a630e6"
        "a289d8b06e2152cf3aa71e140eed2837d841e893fa6de8648867c8fdfafff405"
        "5a6fd2e3ba7474bde036f96ab9023685ffab92d0e3dfd9d10188baa748a475c6"
        "d2f258bddea87c4dfaa88b180cb8c3ca7b1996351c5307d9",
    ),
)

DC_KEYS = {dc: RsaKey(int(p, 16), int(q, 16)) for dc, (p, q) in enumerate(_PRIMES, start=1)}
"""The key of each data centre, by its number."""
