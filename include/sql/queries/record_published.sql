-- Write down the posts that Facebook took: attempt closed and post moved together. Left out, for record_outcome to judge
-- by itself: a post that was rescued meanwhile, one whose attempt is closed, one that somebody else is changing. Locked by
-- its id alone and looked at afterwards, as in pass_fences.
with answered as (
    select *
    from unnest(
        cast(:attempt_ids as uuid []), cast(:facebook_post_ids as text []), cast(:permalink_urls as text []),
        cast(:published_at as timestamptz []), cast(:fbtrace_ids as text [])
    ) as given (attempt_id, facebook_post_id, permalink_url, published_at, fbtrace_id)
),

locked as materialized (
    select
        answered.*,
        attempt.outcome,
        attempt.sent_at,
        post.id,
        post.status
    from answered
    inner join social_publish_attempts as attempt on answered.attempt_id = attempt.id
    inner join social_scheduled_posts as post on attempt.scheduled_post_id = post.id
    for update of post skip locked
),

ready as (
    select * from locked
    where outcome is null and sent_at is not null and status = 'publishing'
),

moved as (
    update social_scheduled_posts as post
    set
        status = 'published',
        status_reason = null,
        facebook_post_id = ready.facebook_post_id,
        permalink_url = ready.permalink_url,
        published_at = ready.published_at,
        claimed_by = null,
        lease_expires_at = null
    from ready
    where post.id = ready.id
    returning
        ready.attempt_id, ready.facebook_post_id, ready.permalink_url, ready.published_at, ready.fbtrace_id
)

update social_publish_attempts as attempt
set
    outcome = 'published',
    finished_at = moved.published_at,
    fbtrace_id = moved.fbtrace_id,
    response_payload = jsonb_build_object('id', moved.facebook_post_id, 'permalink_url', moved.permalink_url)
from moved
where attempt.id = moved.attempt_id
returning attempt.id
