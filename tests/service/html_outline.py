"""A page as its outline: tags, attributes and ids, read with the standard library's parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta"}


@dataclass
class Outline(HTMLParser):
    """Tags in order with their attributes; ``wrong`` names what does not close."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.wrong.append(f"<{tag}> names an attribute twice: {names}")
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Tags and attribute names only: what no text may change."""
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]

    def having(self, attribute: str) -> list[dict[str, str]]:
        """Give the attributes of all tags that have ``attribute``."""
        return [attributes for _, attributes in self.tags if attribute in attributes]

    def every(self, tag: str) -> list[dict[str, str]]:
        """Give the attributes of all tags of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


def outline(page: str) -> Outline:
    """Read a page."""
    reader = Outline()
    reader.feed(page)
    reader.close()
    reader.wrong += [f"<{tag}> is never closed" for tag in reader.open_tags]
    return reader
