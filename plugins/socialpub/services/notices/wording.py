"""What each event is called in a message. `{title}` is one post's; `{count}` how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "attention", "problem"]


@dataclass(frozen=True, slots=True)
class Wording:
    one: str
    many: str
    tone: Tone
    next_step: str = ""


WORDINGS = {
    "SocialDraftSubmittedEvent": Wording(
        "“{title}” waits for approval", "{count} drafts wait for approval", "attention",
        "open the draft, then approve or reject it.",
    ),
    "SocialDraftApprovedEvent": Wording("“{title}” is approved", "{count} drafts are approved", "good"),
    "SocialDraftRejectedEvent": Wording(
        "“{title}” is rejected", "{count} drafts are rejected", "attention",
        "change the draft and submit it again.",
    ),
    "SocialPublishSucceededEvent": Wording("“{title}” is live", "{count} posts are live", "good"),
    "SocialPublishFailedEvent": Wording("“{title}” was not published", "{count} posts were not published", "problem"),
    "SocialPublishUnconfirmedEvent": Wording(
        "“{title}” is being checked: its outcome is unknown", "{count} posts are being checked", "attention",
        "nothing yet, and above all don't post it by hand: it may be live. It is looked up on the Page first.",
    ),
    "SocialPublishMissedEvent": Wording(
        "“{title}” came too late and was not sent", "{count} posts came too late and were not sent", "problem",
        "schedule it again, or run `socialpub requeue` for it.",
    ),
    "first_comment_failed": Wording(
        "The first comment of “{title}” was not posted; the post is live",
        "{count} first comments were not posted; their posts are live", "problem",
    ),
    "page_paused": Wording(
        "Page {page} is paused", "Pages are paused", "attention", "resume the Page when the reason is settled."
    ),
    "page_rate_limited": Wording(
        "Facebook slows Page {page} down", "Facebook slows Pages down", "attention",
        "nothing: posts wait and go out by themselves when Facebook's limit ends.",
    ),
    "publishing_paused": Wording(
        "All publishing is paused", "All publishing is paused", "attention",
        "run `socialpub resume --all` when the reason is settled.",
    ),
    "app_rate_limited": Wording(
        "Facebook slows the whole app down", "Facebook slows the whole app down", "attention",
        "nothing: posts wait and go out by themselves when Facebook's limit ends.",
    ),
    "page_token_expiring": Wording(
        "Page {page} has to be reconnected soon", "Pages have to be reconnected soon", "attention",
        "reconnect the Page, logged in as a person who may post to it.",
    ),
    "page_token_lost": Wording(
        "Page {page} has lost its access; its posts wait", "Pages have lost their access; their posts wait", "problem",
        "reconnect the Page, logged in as a person who may post to it; then its posts go out.",
    ),
    "stack_unhealthy": Wording(
        "Posts are overdue and nobody sends them", "Posts are overdue and nobody sends them", "problem",
        "check that Airflow's scheduler and its workers run and that the DAG publish_due_posts is not paused, "
        "then run `socialpub doctor`.",
    ),
}  # fmt: skip


def find_wording(event: str) -> Wording:
    """An event that is new here gets its own name, so that nothing goes unheard."""
    words = event.replace("_", " ").capitalize()
    return WORDINGS.get(event) or Wording(f"{words}: {{title}}", f"{words}: {{count}}", "attention")
