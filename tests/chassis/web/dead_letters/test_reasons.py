"""What a dead letter's reason means: the field and its rule, or the rule that refused it, with its values."""

from services.chassis.events.dead_letters import OutOfOrder
from services.chassis.i18n import language, translate
from services.chassis.web.dead_letters.reasons import explained


def test_a_reason_is_explained_in_the_readers_language_with_its_values() -> None:
    refused = OutOfOrder(missing=3, sequence=4)
    details = [(refused.slug, str(refused)), ("bad-data", "at: Input is no text (string_type)"), ("ValueError", "no")]
    reader = language.set("fr")
    shown = [explained(reason, detail) for reason, detail in details]
    language.reset(reader)
    assert shown[0] == translate(OutOfOrder.message, "fr").format(**refused.values)
    assert shown[1:] == ["at: Écrivez un texte.", ""]
