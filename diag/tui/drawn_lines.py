"""What all widgets share that draw themselves line by line."""

from textual.geometry import Region
from textual.scroll_view import ScrollView


class DrawnLines(ScrollView):
    """A scroll view whose lines depend on where it stands: scrolling draws all that is in sight anew."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draws every line in sight, what stays in its place (a heading) among them."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh(Region(0, 0, self.size.width, self.size.height))
