"""The bytes of a streamed body as lines of text: unpacked, decoded and numbered, with a bounded memory."""

import codecs
import re
import zlib
from collections.abc import Iterator
from typing import Any

from services.chassis.web.imports.faults import DamagedFile, FileTooLarge, UnreadableText

LINE_LIMIT = 65_536
_PIECE = 65_536
_GZIP = b"\x1f\x8b"
_GZIP_ONLY = 31
"""zlib's `wbits` for gzip."""
_FIRST_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
_WITHOUT_MARK = {"x0x0": "utf-16-le", "0x0x": "utf-16-be"}
"""Where the zero bytes of ASCII in UTF-16 are."""
_UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Unpacked:
    """Unpacks a body that begins as gzip does, and passes on any other.

    At most `limit` bytes come out, however few go in. Raises `FileTooLarge` and `DamagedFile`.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._size, self._head = limit, 0, b""
        self._gzip: Any = None
        self._begun = False

    def of(self, chunk: bytes) -> Iterator[bytes]:
        """The content of this chunk, in pieces."""
        if not self._begun:
            chunk = self._head = self._head + chunk
            if len(chunk) < len(_GZIP):
                return
            self._begun, self._head = True, b""
            self._gzip = zlib.decompressobj(_GZIP_ONLY) if chunk.startswith(_GZIP) else None
        if self._gzip is None:
            yield chunk
        else:
            yield from self._inflated(chunk)

    def last(self) -> bytes:
        """What is left of a body that ends."""
        if self._gzip is not None and not self._gzip.eof:
            raise DamagedFile()
        return self._head

    def _inflated(self, chunk: bytes) -> Iterator[bytes]:
        piece = b""
        while chunk or len(piece) == _PIECE:
            if self._gzip.eof:  # one gzip file after another is one file; zeros may follow
                if not chunk.strip(b"\0"):
                    return
                self._gzip = zlib.decompressobj(_GZIP_ONLY)
            try:
                piece = self._gzip.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise DamagedFile() from error
            self._size += len(piece)
            if self._size > self._limit:
                raise FileTooLarge(limit=self._limit)
            yield piece
            chunk = self._gzip.unused_data if self._gzip.eof else self._gzip.unconsumed_tail


class Recoded:
    """Recodes UTF-16 as UTF-8, takes off the mark at the beginning, and ends the lines of old Macs as all others."""

    def __init__(self) -> None:
        self.unicode = False
        """Whether the file is known to be Unicode; then a line that is not UTF-8 is not Windows-1252 either."""
        self._head, self._begun, self._mac = b"", False, False
        self._utf_16: codecs.IncrementalDecoder | None = None

    def of(self, chunk: bytes, *, last: bool = False) -> bytes:
        """The text of this chunk, in UTF-8; nothing while the first line has not ended."""
        if self._begun:
            return self._recoded(chunk, last)
        self._head += chunk
        if len(self._head) < 4 and not last:
            return b""
        if self._utf_16 is None and not self.unicode:
            self._head = self._without_mark(self._head)
        found = _FIRST_LINE_END.search(self._head if self._utf_16 is None else self._head.replace(b"\0", b""))
        if found is None and len(self._head) <= LINE_LIMIT and not last:
            return b""
        self._begun, self._mac = True, found is not None and found[0] == b"\r"
        head, self._head = self._head, b""
        return self._recoded(head, last)

    def _without_mark(self, head: bytes) -> bytes:
        """Sets the encoding that the first bytes show. UTF-16 has a mark, or zero bytes beside ASCII."""
        if head.startswith(codecs.BOM_UTF8):
            self.unicode = True
            return head[len(codecs.BOM_UTF8) :]
        guessed = _WITHOUT_MARK.get("".join("0" if byte == 0 else "x" for byte in head[:4]))
        for mark, name in _UTF_16:
            if head.startswith(mark) or guessed == name:
                self.unicode = True
                self._utf_16 = codecs.getincrementaldecoder(name)("surrogatepass")
                return head.removeprefix(mark)
        return head

    def _recoded(self, chunk: bytes, last: bool) -> bytes:
        if self._utf_16 is not None:
            chunk = self._from_utf_16(self._utf_16, chunk, last)
        return chunk.replace(b"\r", b"\n") if self._mac else chunk

    def _from_utf_16(self, decoder: codecs.IncrementalDecoder, chunk: bytes, last: bool) -> bytes:
        """Half a character becomes bytes that are not UTF-8, so that its line is refused and no other."""
        try:
            return decoder.decode(chunk, last).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return b"\xff"


class NumberedLines:
    """Splits text into non-empty lines, numbered from 1.

    A line beyond the limit is truncated to one byte more than the limit, so that it is refused.
    """

    def __init__(self) -> None:
        self._number, self._rest = 0, b""

    def of(self, text: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in this text."""
        *lines, rest = (self._rest + text).split(b"\n")
        self._rest = rest[: LINE_LIMIT + 1]
        for line in lines:
            self._number += 1
            if line.strip():
                yield self._number, line[: LINE_LIMIT + 1]

    def last(self) -> Iterator[tuple[int, bytes]]:
        """The last line, if it has no line end."""
        return self.of(b"\n") if self._rest.strip() else iter(())


class BodyLines:
    """The numbered lines of a body that comes in chunks."""

    def __init__(self, limit: int) -> None:
        """`limit`: most bytes of the body, once it is unpacked."""
        self._unpacked, self._recoded, self._lines = Unpacked(limit), Recoded(), NumberedLines()

    def of(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in this chunk."""
        for piece in self._unpacked.of(chunk):
            yield from self._lines.of(self._recoded.of(piece))

    def last(self) -> Iterator[tuple[int, bytes]]:
        """The lines that end with the body."""
        yield from self._lines.of(self._recoded.of(self._unpacked.last(), last=True))
        yield from self._lines.last()

    def text_of(self, line: bytes) -> str:
        """A line's text: UTF-8, or Windows-1252 if the file has shown no UTF-8 yet. Raises `UnreadableText`."""
        if line.isascii():
            return line.decode("ascii")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            if self._recoded.unicode:
                raise UnreadableText() from None
        else:
            self._recoded.unicode = True
            return text
        try:
            return line.decode("cp1252")
        except UnicodeDecodeError:
            raise UnreadableText() from None
