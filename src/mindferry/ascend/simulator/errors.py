"""How a call of the simulated runtime fails."""

from __future__ import annotations


class Refused(Exception):
    """A call that ends with a status code; the text becomes `acl.get_recent_err_msg()`."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(code, text)
