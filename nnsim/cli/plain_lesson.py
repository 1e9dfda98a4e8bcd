"""A lesson line by line on standard input and output, for screen readers and pipes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError
from nnsim.lab.hiding import masked, values_of
from nnsim.tutor.answers import names_to_match
from nnsim.tutor.goals import in_words
from nnsim.tutor.stage import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.tutor.lesson import Step
    from nnsim.tutor.player import Player

COMMANDS = (
    "next", "back", "skip", "hint", "reveal", "reset", "goals", "show", "free", "return", "help",
    "quit",
)  # fmt: skip
_MARKS = re.compile(r"\*\*(.+?)\*\*|(?<!\*)\*([^*\n]+)\*(?!\*)|`([^`\n]+)`")


class PlainLesson:
    """Asks and answers in lines, by `say`, which takes one."""

    def __init__(self, player: Player, say: Callable[[str], None]) -> None:
        self.player = player
        self.say = say
        self._reviewing = player.review is not None
        self._said_met: set[str] = set()

    def begin(self) -> None:
        lesson = self.player.lesson
        self.say(lesson.title)
        self.say(
            _("{minutes} minutes; type help for what can be typed").format(minutes=lesson.minutes)
        )
        if lesson.intro and self.player.index == 0:
            self.say("")
            self.prose(lesson.intro)
        if self._reviewing:
            self._ask_review()
        else:
            self.show()

    def hear(self, line: str) -> bool:
        """Take a line from the learner; False when that has ended the lesson."""
        line = line.strip()
        word = line.partition(" ")[0].lower()
        if word == "quit":
            return False
        try:
            if self._reviewing:
                self._review(line)
            elif word in COMMANDS and word == line.lower():
                self._command(word)
            elif not line:
                if self._may_go_on():
                    self._command("next")
            else:
                self._answer_or_run(line)
        except ValueError as error:  # an AnswerError, LabError or StageError, whose texts are said
            self.say(str(error))
        return not self.player.at_end

    def _command(self, word: str) -> None:
        player = self.player
        if word == "next":
            if self._may_go_on():
                player.next()
                self.show()
        elif word in ("back", "skip", "reset"):
            getattr(player, word)()
            self.show()
        elif word == "hint":
            hint = player.hint()
            self.prose(hint.text if hint else _("no more hints; reveal shows the solution"))
        elif word == "reveal":
            text = player.reveal()
            self.prose(text or _("there is nothing to reveal here; next goes on"))
        elif word == "free":
            player.play_freely()
            self.say(_("free play: any command of the bench; return comes back to this place"))
        elif word == "return":
            player.come_back()
            self.show()
        elif word == "help":
            self._help()
        elif word == "goals":
            self._say_goals()
        else:
            self.show()

    def _may_go_on(self) -> bool:
        player = self.player
        if player.free:
            self.say(_("free play: return comes back to the lesson"))
            return False
        if player.step.asks and not player.state.over:
            self.say(_("this step is not solved yet: hint, reveal or skip help on"))
            return False
        return True

    def _answer_or_run(self, line: str) -> None:
        player = self.player
        step = player.step
        if line.startswith("!"):
            self._run(line[1:].strip())
            return
        if line.startswith("?"):
            self._read(line[1:].strip())
            return
        takes_answer = step.asks and not step.goal and not player.free
        # no answer but a command of the bench: ``set hidden[1].b 0``
        is_command = line.split(maxsplit=1)[0] in player.lab.commands
        if takes_answer and not is_command:
            feedback = player.answer(line)
            mark = _("right") if feedback.right else _("not yet")
            said = feedback.text
            both = _("{verdict}: {text}").format(verdict=mark, text=said)
            self.say(said if said.lower().startswith(mark.lower()) else both)
            if feedback.done:
                self.say(_("next goes on"))
            elif step.kind == "blank":
                self._ask(step)
            return
        self._run(line)

    def _run(self, line: str) -> None:
        player = self.player
        Budget().take(line, player.lab)
        said = player.run(line)
        self.say(masked(said, values_of(player.lab, player.hidden)))
        if player.step.goal and not player.free:
            self._say_goals()

    def _read(self, address: str) -> None:
        if self.player.hidden.covers(self.player.lab.quantity(address)):
            self.say(_("that is what is asked"))
            return
        self.say(f"{address} = {self.player.lab.read(address):.6g}")

    def show(self) -> None:
        """Say the current step, or at the end the summary."""
        player = self.player
        self.say("")
        if player.at_end:
            self.say(_("The lesson is over."))
            self.say(player.summary().in_words())
            return
        self.say(
            _("Step {number} of {count}: {title}").format(
                number=player.index + 1, count=len(player.lesson.steps), title=player.step.title
            )
        )
        self.prose(player.step.prose)
        self._bench()
        self._ask(player.step)

    def _bench(self) -> None:
        lab, hidden = self.player.lab, self.player.hidden
        if not self.player.step.do:
            return
        if lab.circuit is None:
            self.say(_("input: {input}").format(input=lab.experiment.format_input(lab.input)))
        if not hidden.covers(lab.quantity(lab.focus)) and any(
            line.startswith("focus") for line in self.player.step.do
        ):
            try:
                self.say(f"{lab.focus} = {lab.read(lab.focus):.6g}")
            except LabError as error:
                self.say(str(error))

    def _ask(self, step: Step) -> None:
        if step.kind == "quiz":
            for number, choice in enumerate(step.choices, start=1):
                self.prose(f"{number}. {choice.text}")
            self.say(_("Type the number of your answer."))
        elif step.kind == "predict":
            self.say(_("Type what you think {address} is.").format(address=step.predict))
        elif step.kind == "blank":
            for address in self.player.asked[:1]:
                self.say(_("Work out {address} and type it.").format(address=address))
        elif step.kind == "expect":
            self.say(_("Type a number, or a shape such as (4, 3)."))
        elif step.kind == "label":
            self._ask_labels(step)
        elif step.goal:
            self._say_goals()
        else:
            self.say(_("Enter goes on."))

    def _ask_labels(self, step: Step) -> None:
        for number, thing in enumerate(step.label, start=1):
            self.say(f"  {number}. {_with_words(thing, step)}")
        self.say(_("go with"))
        for number, name in enumerate(names_to_match(step), start=1):
            self.say(f"  {number}. {_with_words(name, step)}")
        self.say(_("Type two numbers, as in 1 2, or thing = name."))

    def _say_goals(self) -> None:
        standings = self.player.goals()
        for standing in standings:
            self.say("  " + in_words(standing))
        if standings and self.player.state.over:
            self.say(_("The goal is reached; next goes on."))

    def _help(self) -> None:
        rows = (
            ("next", _("go on (an empty line does too)")),
            ("back", _("the step before")),
            ("skip", _("pass over this step")),
            ("hint", _("the next hint")),
            ("reveal", _("show the solution")),
            ("reset", _("the bench as the step starts")),
            ("goals", _("what is to be reached, and how it stands")),
            ("show", _("say this step again")),
            ("?ADDRESS", _("a number of the bench, such as ?hidden[1].z")),
            ("!COMMAND", _("a command of the bench that has one of these names, such as !next")),
            ("free, return", _("play off the path, and come back")),
            ("quit", _("leave; your place is kept")),
        )
        for word, meaning in rows:
            self.say(f"  {word:<14}{meaning}")
        self.say(_("Anything else is your answer, or a command such as: set hidden[1].b 0.5"))

    def prose(self, markdown: str) -> None:
        for line in markdown.splitlines():
            if not line.lstrip().startswith(("```", "~~~")):
                self.say(_MARKS.sub(lambda m: m[1] or m[2] or m[3], line))

    def _ask_review(self) -> None:
        review = self.player.review
        if review is None:
            self._reviewing = False
            self.show()
            return
        self.say("")
        self.say(_("From an earlier lesson, {title}:").format(title=review.lesson.title))
        self.prose(review.step.prose)
        self._ask(review.step)

    def _review(self, line: str) -> None:
        if not line or line.lower() in ("skip", "next"):
            self.player.reviews.pop(0)
        else:
            feedback = self.player.answer_review(line)
            self.prose(feedback.text)
        self._ask_review()


def _with_words(name: str, step: Step) -> str:
    return f"{name}: {step.words[name]}" if name in step.words else name
