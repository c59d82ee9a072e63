-- Give posts back to the scan that are still this run's and still unsent. hold_for, when given, keeps them at rest that
-- long: somebody has to mend something first, and asking every minute would not help.
with released as (
    update social_scheduled_posts
    set
        status = 'pending',
        status_reason = :reason,
        next_attempt_at = coalesce(now() + :hold_for, next_attempt_at)
    where id = any(:post_ids) and status = 'queued' and claimed_by = :claimed_by
    returning id
)

update social_publish_attempts as attempt
set finished_at = now(), outcome = 'released', error_class = :error_class, error_message = :reason
from released
where attempt.scheduled_post_id = released.id and attempt.finished_at is null
