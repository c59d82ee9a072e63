-- The fence, committed before the requests leave. A row comes back only if the attempt still owns a queued post that is
-- still what the approvers saw, on a Page that may be posted to. No row: nothing is sent. A post that somebody else is
-- changing at this moment is left out, so that it holds up no other one; whoever wants it locks it first (waiting) and
-- asks again. Posts are locked by their ids alone and looked at afterwards: with the status in the joins, the plan may be
-- to compare every post that is on its way with every one that is wanted.
with wanted as (
    select *
    from unnest(cast(:attempt_ids as uuid []), cast(:content_hashes as text [])) as given (attempt_id, content_hash)
),

locked as materialized (
    select
        attempt.id as attempt_id,
        attempt.finished_at,
        attempt.sent_at,
        wanted.content_hash as wanted_hash,
        post.*
    from wanted
    inner join social_publish_attempts as attempt on wanted.attempt_id = attempt.id
    inner join social_scheduled_posts as post on attempt.scheduled_post_id = post.id
    for update of post skip locked
),

ready as (
    select
        locked.id,
        locked.attempt_id
    from locked
    inner join social_drafts as draft on locked.draft_id = draft.id
    inner join facebook_page_connections as page on locked.connection_id = page.id
    cross join social_publishing_gate as gate
    where
        locked.finished_at is null
        and locked.sent_at is null
        and locked.status = 'queued'
        and locked.claimed_by = :claimed_by
        and draft.status = 'scheduled'
        and draft.content_hash = locked.content_hash
        and draft.content_hash = locked.wanted_hash
        -- As many as were asked for when they were given: a changed rule counts for decisions to come.
        and (
            select count(distinct social_person(approval.approver)) >= min(approval.required_approvals)
            from social_draft_approvals as approval
            where
                approval.draft_id = draft.id
                and approval.content_hash = draft.content_hash
                and approval.review = draft.review
                and approval.decision = 'approved'
                and coalesce(approval.page_id, page.page_id) = page.page_id
                and social_person(approval.approver) != all(draft.editors || social_person(draft.created_by))
        )
        and gate.paused_at is null
        and coalesce(gate.rate_limited_until, '-infinity') <= clock_timestamp() + :fence_ahead
        and page.paused_at is null
        and page.disconnected_at is null
        and page.token_status != 'lost'
        and coalesce(page.rate_limited_until, '-infinity') <= clock_timestamp() + :fence_ahead
),

fenced as (
    update social_scheduled_posts as post
    set status = 'publishing', lease_expires_at = clock_timestamp() + :lease
    from ready
    where post.id = ready.id
    returning post.id, ready.attempt_id
)

update social_publish_attempts as attempt
set sent_at = clock_timestamp()
from fenced
where attempt.id = fenced.attempt_id
returning attempt.id, attempt.sent_at
