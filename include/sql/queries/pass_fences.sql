-- The fence, committed before the requests leave. A row comes back only if the attempt still owns a queued post that is
-- still what the approvers saw, on a Page that may be posted to. No row: nothing is sent. A post that somebody else is
-- changing at this moment is left out, so that it holds up no other one; whoever wants it locks it first (waiting) and
-- asks again.
with wanted as (
    select *
    from unnest(cast(:attempt_ids as uuid []), cast(:content_hashes as text [])) as given (attempt_id, content_hash)
),

ready as materialized (
    select
        attempt.id as attempt_id,
        post.id
    from wanted
    inner join social_publish_attempts as attempt on wanted.attempt_id = attempt.id
    inner join social_scheduled_posts as post on attempt.scheduled_post_id = post.id
    inner join social_drafts as draft on post.draft_id = draft.id
    inner join facebook_page_connections as page on post.connection_id = page.id
    cross join social_publishing_gate as gate
    where
        attempt.finished_at is null
        and attempt.sent_at is null
        and post.status = 'queued'
        and post.claimed_by = :claimed_by
        and draft.status = 'scheduled'
        and draft.content_hash = post.content_hash
        and draft.content_hash = wanted.content_hash
        and gate.paused_at is null
        and coalesce(gate.rate_limited_until, '-infinity') <= clock_timestamp() + :fence_ahead
        and page.paused_at is null
        and page.disconnected_at is null
        and page.token_status != 'lost'
        and coalesce(page.rate_limited_until, '-infinity') <= clock_timestamp() + :fence_ahead
    for update of post skip locked
),

fenced as (
    update social_scheduled_posts as post
    set status = 'publishing', lease_expires_at = clock_timestamp() + :lease
    from ready
    where post.id = ready.id and post.status = 'queued'
    returning post.id
)

update social_publish_attempts as attempt
set sent_at = clock_timestamp()
from fenced, ready
where attempt.id = ready.attempt_id and attempt.scheduled_post_id = fenced.id
returning attempt.id, attempt.sent_at
