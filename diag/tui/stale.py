"""What is shown and could not be renewed: why, how old it is; and a reading that somebody ends."""

import time

from textual import on

from diag.tui.dialogs import Reader
from diag.tui.frame import Frame
from diag.tui.header import Header
from diag.tui.paragraphs import Paragraph
from diag.views.wording import short_duration

_ENDED = "the reading was ended, r reads again"


class Stale(Frame):
    """The frame, and what it knows of a look that failed."""

    def end_look(self) -> bool:
        """Ends a reading that is under way, and says whether there was one.

        What was shown before stays. Where nothing was, a cluster gives what was read until then.
        """
        looks = [one for one in self.workers if one.group == "look" and not one.is_finished]
        if not looks or not self.progress:
            return False
        if self.seen is not None or not self.source.lives:
            for one in looks:
                one.cancel()
        self.source.stop()
        self.progress, self.trouble = "", _ENDED
        self.draw_frame()
        self.say_unread()
        return True

    @on(Header.Opened)
    def tell_trouble(self) -> None:
        """Why what is shown is old, in full."""
        told = [Paragraph(text=self.trouble, tone="error"), Paragraph(text="")]
        if self.seen is None:
            told.append(Paragraph(text="Nothing was read before that."))
        else:
            age = short_duration(time.monotonic() - self.came_at)
            told.append(
                Paragraph(text=f"What is shown was read {age} ago, and is of {self.as_of()}. Nothing of it is lost.")
            )
            gaps = [gap for gap in self.seen.report.gaps if gap.material]
            if gaps:
                told.append(Paragraph(text="It had gaps of its own: 9 shows them."))
        told.append(Paragraph(text="r reads again. A cluster that is watched is asked again by itself, once a second."))
        self.push_screen(Reader("What is shown is old", told, marks=self.marks))
