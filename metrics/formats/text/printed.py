"""Text that is printed piece by piece."""

from __future__ import annotations

from io import StringIO


class Printed(StringIO):
    """Text that is printed piece by piece: `take` returns what was printed since the last call."""

    def take(self) -> bytes:
        """The text, as UTF-8; the next call does not return it again."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text.encode()
