"""The problem document as a type, for the OpenAPI documents. `problems` writes it."""

from pydantic import BaseModel, ConfigDict, Field

_FOR_PEOPLE = "For people, in the language of `Accept-Language`; the wording may change."


class Fault(BaseModel):
    """What is wrong with a field. Further members have values of its rule, such as `known` codes."""

    model_config = ConfigDict(extra="allow")

    field: str = Field(description="The field, with dots in nested ones; empty if it concerns none.")
    rule: str = Field(description="The code of the reason; new ones may be added.")
    message: str = Field(description=_FOR_PEOPLE)


class Problem(BaseModel):
    """A refusal (RFC 9457). Nothing was changed."""

    type: str = Field(description="`/problems/` and the code of the reason; new ones may be added.")
    title: str = Field(description=_FOR_PEOPLE)
    status: int
    detail: str = Field(description=_FOR_PEOPLE)
    errors: list[Fault] = Field(default_factory=list[Fault], description="The fields it is about; missing if none.")
