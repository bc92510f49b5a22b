"""What the classes of all requests have in common.

Without `from __future__ import annotations`: msgspec would evaluate the texts of these ones again for each
subclass, which took a third of the time until the table of requests was loaded.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec

REPLY_TIMEOUT_S = 2.0  # for a request to come in, for the box to reply to it, and for a client to take a line
SILENCE_S = 3.0  # of a stream of the status, after which a client asks whether the box still answers
QUESTIONS = 3  # without an answer, until it hangs for a client: a busy disk may hold it up for some seconds


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """One thing that the box can be asked. A subclass's fields are its arguments.

    Attributes:
        name: Its name on the socket and on the command line.
        summary: One sentence for help and documentation.
        word: Its argument on the command line, in brackets if it may be left out; "" for none.
        word_help: What that argument may be, for help.
        switches: Arguments that are yes or no, as in `--once`, with their help.
        sends: What the reply holds, and what the command line prints.
        on_command_line: Whether `moodbox NAME` sends it.
        goes_on: Whether further replies follow the first.
        owner_only: Whether only root and the box's own user may send it, and not the rest of its group.
        reply_timeout_s: How long the box may take to reply.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    word: ClassVar[str] = ""
    word_help: ClassVar[str] = ""
    switches: ClassVar[Mapping[str, str]] = MappingProxyType({})
    sends: ClassVar[str] = "`ok`"
    on_command_line: ClassVar[bool] = True
    goes_on: ClassVar[bool] = False
    owner_only: ClassVar[bool] = False
    reply_timeout_s: ClassVar[float] = REPLY_TIMEOUT_S

    @classmethod
    def arguments(cls, word: str) -> dict[str, str]:
        """Name the argument of a command line: it is the first field."""
        return {cls.__struct_fields__[0]: word}
