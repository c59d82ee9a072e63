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
-- A look by index for each post, as in release_expired_leases.
cross join lateral (
    select latest.id
    from social_publish_attempts as latest
    where latest.scheduled_post_id = released.id -- noqa: RF01
        and latest.finished_at is null
    order by latest.attempt_number
    limit 1
) as unfinished
where attempt.id = unfinished.id
