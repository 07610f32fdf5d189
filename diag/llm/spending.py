"""What a run costs: counted before and after, and stopped at a cap."""

from dataclasses import dataclass

from diag.llm.engines.engine import Reply, SpentError
from diag.llm.prompt import tokens_of
from diag.views.wording import counted


@dataclass(slots=True, kw_only=True)
class Spending:
    """Calls and tokens of one run. `price` is money for a million tokens in and out, None where it is not told."""

    most_calls: int
    most_tokens: int
    price: tuple[float, float] | None = None
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def request(self, about: int) -> None:
        """Counts a call that will send about so many tokens. Raises SpentError where a cap forbids it."""
        if self.calls >= self.most_calls:
            raise SpentError(f"the cap of {counted(self.most_calls, 'call')} is reached", hint="--llm-calls N")
        spent = self.tokens_in + self.tokens_out
        if spent + about > self.most_tokens:
            raise SpentError(
                f"the cap of {self.most_tokens:,} tokens would be passed ({spent:,} are spent)", hint="--llm-tokens N"
            )
        self.calls += 1

    def add(self, reply: Reply, prompt_tokens: int) -> None:
        """Counts what an answer cost; where the server does not say, as we estimate it."""
        self.tokens_in += reply.tokens_in if reply.tokens_in is not None else prompt_tokens
        self.tokens_out += reply.tokens_out if reply.tokens_out is not None else tokens_of(reply.text)

    def forecast(self, model: str, prompts: list[int], answer: int) -> str:
        """A sentence on what is about to be spent."""
        sent, back = sum(prompts), answer * len(prompts)
        return (
            f"asking {model} about {counted(len(prompts), 'cause')}: about {sent:,} tokens, "
            f"at most {back:,} back{self._money(sent, back, 'at most ')}"
        )

    def told(self, model: str) -> str:
        """A sentence on what was spent."""
        return (
            f"{model}: {counted(self.calls, 'call')}, {self.tokens_in:,} tokens in, {self.tokens_out:,} out"
            f"{self._money(self.tokens_in, self.tokens_out)}"
        )

    def _money(self, sent: int, back: int, prefix: str = "") -> str:
        if self.price is None:
            return ""
        return f"; {prefix}{(sent * self.price[0] + back * self.price[1]) / 1e6:.4f} at the price given"
