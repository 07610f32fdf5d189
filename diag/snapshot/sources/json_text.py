"""JSON text: one document, several in a row, JSON Lines, or one that breaks off.

The usual file is one document and costs one decode. Only where that fails are documents looked for one by one, and in
a broken document the elements of its list, so that what is whole is kept and what is not is named.
"""

import re

import msgspec

from diag.snapshot.sources.documents import Documents, of_list
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import Lost

# Between documents: white space, YAML's marker, the separator of JSON text sequences (RFC 7464), and the byte order
# mark of a file that was put behind another.
_BETWEEN = re.compile(rb"(?:[ \t\r\n\x1e]|\xef\xbb\xbf|---(?=[ \t\r\n]))*")
_SPACE = re.compile(rb"[ \t\r\n]*")
_MEMBER = re.compile(rb'[ \t\r\n]*,?[ \t\r\n]*"((?:[^"\\]|\\.)*+)"[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_BRACKET = re.compile(rb'[^][{}"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^][{}"]*+)*+([][{}])', re.DOTALL)
_NEXT_DOCUMENT = re.compile(rb"\n(?=[{\[])")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_CUT = "Input data was truncated"  # as msgspec says it
_BYTE = re.compile(r"\(byte (\d+)\)")
_ONE_LINE = "the line is broken"
_LINES = 5  # bad ones in a row
_SCANS = 4  # how often a broken text may be read through, in all: what is wrong on every line stays linear
_DEEP_BYTES = 10_000  # what reading into a nest that is too deep is charged with

_decode = msgspec.json.Decoder(msgspec.Raw).decode


def read_json(text: bytes, documents: Documents) -> None:
    """Sort every document of a JSON text that begins with `{` or `[`."""
    start = _skip_space(text, 0)
    try:
        documents.add(memoryview(text)[start:] if start else text)
    except (msgspec.DecodeError, RecursionError):
        _Rows(text, documents).read(start)


class _Rows:
    """Reads a text that is not one whole document, piece by piece.

    With `line_at` the text is one bad line among good ones, that begins at this byte of the file: nothing but what is
    in it is lost with it.
    """

    def __init__(self, text: bytes, documents: Documents, *, line_at: int | None = None) -> None:
        self.text = text
        self.view = memoryview(text)
        self.documents = documents
        self.scan_left = _SCANS * len(text)
        self.offset, self.is_line = line_at or 0, line_at is not None

    def read(self, start: int) -> None:
        """Sort documents one by one; after one that breaks off, go on where a line begins with the next."""
        while start < len(self.text):
            if self.scan_left <= 0:
                self.documents.unreadable(
                    f"everything from byte {self.offset + start:,} on", "too much of the text is broken", Lost()
                )
                return
            end, fault = self._value_end(start, lines=not self.is_line)
            if fault is None and end is not None and self._at(start) in (b"{", b"["):
                try:
                    self.documents.add(self.view[start:end])
                except (msgspec.DecodeError, RecursionError) as error:
                    lost = lost_in(self.view[start:end])
                    self.documents.unreadable(f"the text at byte {self.offset + start:,}", str(error), lost)
            elif fault == _ONE_LINE and end is not None:
                _Rows(self.text[start:end], self.documents, line_at=start).read(0)
            else:
                stop = self._salvage(start, fault or "neither an object nor a list")
                if end is None:
                    line = _NEXT_DOCUMENT.search(self.text, stop)
                    end = line.end() if line else len(self.text)
            between = _BETWEEN.match(self.text, end)
            start = between.end() if between else end

    def _salvage(self, start: int, fault: str) -> int:
        """Keep the whole elements of a broken document and name what is wrong; returns how far it could be read."""
        broken = _Broken()
        if self._at(start) == b"[":
            stop = self._walk_array(start, broken)
            if broken.elements:
                self.documents.add_array(broken.elements)
        elif self._at(start) == b"{":
            stop = self._walk_object(start, broken)
            if broken.elements:
                self.documents.add_list(broken.elements, kind=broken.kind, api_version=broken.api_version)
        else:
            stop = start
        list_kind = broken.kind if broken.kind and broken.kind.endswith("List") else None
        item_kind = list_kind.removesuffix("List") if list_kind else None
        for position, end, element_fault in broken.faults:
            lost = lost_in(self.view[position:end], broken.api_version if item_kind else None, item_kind or None)
            self.documents.unreadable(f"the object at byte {self.offset + position:,}", element_fault, lost)
        if broken.open or fault == _CUT:
            lost = of_list(broken.api_version, list_kind) if broken.listed else lost_in(self.view[start:])
            if self.is_line:
                self.documents.unreadable(
                    f"the text at byte {self.offset + start:,}", f"its line breaks off: {fault}", lost
                )
            else:
                self.documents.truncated(f"it breaks off at byte {stop:,}: {fault}", lost)
        elif not broken.faults:
            self.documents.unreadable(f"the text at byte {self.offset + start:,}", fault, lost_in(self.view[start:]))
        return stop

    def _walk_array(self, start: int, broken: "_Broken") -> int:
        """Collect the elements of the array at `start`; returns where it closes or breaks off."""
        position = _skip_space(self.text, start + 1)
        broken.open = broken.listed = True
        while self._at(position) != b"]":
            end, fault = self._value_end(position)
            if end is None:
                return position
            if fault is None:
                broken.elements.append(msgspec.Raw(self.view[position:end]))
            else:
                broken.faults.append((position, end, fault))
            position = _skip_space(self.text, end)
            if self._at(position) == b",":
                position = _skip_space(self.text, position + 1)
            elif self._at(position) != b"]":
                return position
        broken.open = False
        return position + 1

    def _walk_object(self, start: int, broken: "_Broken") -> int:
        """Collect the elements of `items` in the object at `start`; returns where it closes or breaks off."""
        position = start + 1
        while member := _MEMBER.match(self.text, position):
            position = member.end()
            if member[1] == b"items" and self._at(position) == b"[":
                position = self._walk_array(position, broken)
                if broken.open:
                    return position
                continue
            end, fault = self._value_end(position)
            if end is None:
                broken.open = True
                return position
            if fault is None:
                broken.note(member[1], self.text[position:end])
            position = end
        return position

    def _value_end(self, start: int, *, lines: bool = False) -> tuple[int | None, str | None]:
        """Where the JSON value at `start` ends (None: nowhere), and what is wrong with it (None: nothing).

        With `lines`, a value that is broken ends with its line where the next lines are whole values: `_ONE_LINE`.
        """
        try:
            _decode(self.view[start:])
        except RecursionError:
            self.scan_left -= _DEEP_BYTES
            return self._balanced_end(start), "nested too deep"
        except msgspec.DecodeError as error:
            trailing = _TRAILING.search(str(error))
            if trailing:  # a whole value; msgspec names the byte after the first one that follows it
                return start + int(trailing[1]) - 1, None
            position = _BYTE.search(str(error))
            self.scan_left -= int(position[1]) if position else 0
            if lines and (line_end := self._bad_line(start)):
                return line_end, _ONE_LINE
            end = self._balanced_end(start)
            # msgspec says the same of half a character near the end of the text, though all brackets are closed.
            return end, "half a character" if end is not None and str(error) == _CUT else str(error)
        return len(self.text), None

    def _bad_line(self, start: int) -> int:
        """Where the line at `start` ends, if one of the next lines is an object by itself and no item of a list; 0."""
        end = line_end = self.text.find(b"\n", start)
        for _ in range(_LINES if line_end >= 0 else 0):
            begin, end = end + 1, self.text.find(b"\n", end + 1)
            end = len(self.text) if end < 0 else end
            if self._at(begin) != b"{":
                return 0
            if self.text[begin:end].rstrip()[-1:] == b"}" and self._at(_skip_space(self.text, end)) not in (b",", b"]"):
                try:
                    _decode(self.view[begin:end])
                except (msgspec.DecodeError, RecursionError):
                    pass  # each line is looked at for as many lines before it as `_LINES`, and no more often
                else:
                    return line_end
            if end == len(self.text):
                return 0
        return 0

    def _balanced_end(self, start: int) -> int | None:
        """Where the brackets that open at `start` are closed again, for a value that no decoder takes."""
        if self._at(start) not in (b"{", b"["):
            return None
        depth = 0
        position = start
        last = start + max(self.scan_left, 0)
        # Bracket after bracket, never searched for: in a string that does not end there is none, wherever one looks.
        while bracket := _BRACKET.match(self.text, position, last):
            position = bracket.end()
            depth += 1 if bracket[1] in b"{[" else -1
            if depth == 0:
                break
        self.scan_left -= position - start if depth == 0 else min(self.scan_left, len(self.text) - start)
        return position if depth == 0 and position > start else None

    def _at(self, position: int) -> bytes:
        return self.text[position : position + 1]


class _Broken:
    """What could be saved of a broken document; `faults` are from where to where in bytes, and what is wrong there."""

    def __init__(self) -> None:
        self.elements: list[msgspec.Raw] = []
        self.faults: list[tuple[int, int, str]] = []
        self.listed = False  # whether it is a list
        self.open = False  # whether the text ends before the document does
        self.kind: str | None = None
        self.api_version: str | None = None

    def note(self, key: bytes, value: bytes) -> None:
        """Keep what the list says of its items."""
        text = value.strip(b'" \t\r\n').decode(errors="replace")
        if key == b"kind":
            self.kind = text
        elif key == b"apiVersion":
            self.api_version = text


def _skip_space(text: bytes, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position
