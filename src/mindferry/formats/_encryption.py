"""MindSpore's encrypted checkpoints and MindIR files.

The plain file is cut into blocks of at most 64 MiB. Each block is: magic (u32, little endian), in GCM mode a 16-byte
tag, then i32 block length, i32 initialisation vector length, the vector, i32 cipher length, the cipher text. AES-GCM
uses the first 12 bytes of the stored vector and no associated data; AES-CBC and SM4-CBC pad as PKCS#7. A checkpoint
that was saved with both a key and crc_check ends in `crc_num` and ten bytes, which hold no sum of the file.
"""

from __future__ import annotations

import struct

from mindferry.errors import FormatError, NotInstalled

GCM, CBC, SM4 = 0x7F3A5ED8, 0x7F3A5ED9, 0x7F3A5EDA
_CRC_TRAILER = 17


def cipher(view: memoryview) -> int | None:
    """The cipher's magic at the start of an encrypted file, else None."""
    magic = int.from_bytes(view[:4], "little")
    return magic if magic in (GCM, CBC, SM4) else None


def decrypt(view: memoryview, key: bytes) -> bytes:
    """The plain bytes.

    Args:
        view: the encrypted file.
        key: 16, 24 or 32 bytes (16 for SM4).

    Raises:
        FormatError: a wrong key, a broken block, or a key of another length.
        NotInstalled: the package `cryptography` is missing.
    """
    if len(key) not in (16, 24, 32):
        raise FormatError(f"the key has {len(key)} bytes, not 16, 24 or 32")
    position, plain = 0, []
    end = len(view) - (_CRC_TRAILER if bytes(view[-_CRC_TRAILER:-10]) == b"crc_num" else 0)
    while position < end:
        block, position = _block(view, position, key)
        plain.append(block)
    return b"".join(plain)


def _block(view: memoryview, start: int, key: bytes) -> tuple[bytes, int]:
    position = start + 4
    try:
        magic = struct.unpack_from("<I", view, start)[0]
        tag = b""
        if magic == GCM:
            tag, position = bytes(view[position : position + 16]), position + 16
        _, vector_size = struct.unpack_from("<ii", view, position)
        position += 8
        if vector_size != 16:
            raise FormatError(f"an encrypted block has a vector of {vector_size} bytes, not 16", offset=start)
        vector, position = bytes(view[position : position + 16]), position + 16
        (size,) = struct.unpack_from("<i", view, position)
        position += 4
    except struct.error:
        raise FormatError("the file ends inside an encrypted block", offset=start) from None
    if magic not in (GCM, CBC, SM4) or size < 0 or position + size > len(view):
        raise FormatError("an encrypted block is broken", offset=start)
    return _decipher(magic, key, vector, tag, bytes(view[position : position + size]), start), position + size


def _decipher(magic: int, key: bytes, vector: bytes, tag: bytes, cipher: bytes, offset: int) -> bytes:
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7
    except ImportError:
        raise NotInstalled("encrypted files need the package cryptography: pip install 'mindferry[crypto]'") from None
    try:
        if magic == GCM:
            decryptor = Cipher(algorithms.AES(key), modes.GCM(vector[:12], tag)).decryptor()
            return decryptor.update(cipher) + decryptor.finalize()
        algorithm = algorithms.AES(key) if magic == CBC else algorithms.SM4(key)
        block_decryptor = Cipher(algorithm, modes.CBC(vector)).decryptor()
        padded = block_decryptor.update(cipher) + block_decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except (InvalidTag, ValueError):
        raise FormatError("the key does not fit this file", offset=offset) from None
