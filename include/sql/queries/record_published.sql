-- Write down the posts that Facebook took: attempt closed and post moved together. Left out, for record_outcome to judge
-- by itself: a post that was rescued meanwhile, one whose attempt is closed, one that somebody else is changing.
with answered as (
    select *
    from unnest(
        cast(:attempt_ids as uuid []), cast(:facebook_post_ids as text []), cast(:permalink_urls as text []),
        cast(:published_at as timestamptz []), cast(:fbtrace_ids as text [])
    ) as given (attempt_id, facebook_post_id, permalink_url, published_at, fbtrace_id)
),

ready as materialized (
    select
        answered.*,
        post.id
    from answered
    inner join social_publish_attempts as attempt on answered.attempt_id = attempt.id
    inner join social_scheduled_posts as post on attempt.scheduled_post_id = post.id
    where attempt.outcome is null and attempt.sent_at is not null and post.status = 'publishing'
    for update of post skip locked
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
    where post.id = ready.id and post.status = 'publishing'
    returning post.id
)

update social_publish_attempts as attempt
set
    outcome = 'published',
    finished_at = ready.published_at,
    fbtrace_id = ready.fbtrace_id,
    response_payload = jsonb_build_object('id', ready.facebook_post_id, 'permalink_url', ready.permalink_url)
from ready, moved
where attempt.id = ready.attempt_id and ready.id = moved.id
returning attempt.id
