-- A Page can be posted to again: its held posts lose the reason and the pause before their next try, and a scan comes at
-- once. It takes the punctual ones, misses what came too late, and deals the rest out at the Page's pace.
with released as (
    update social_scheduled_posts as post
    set status_reason = null, next_attempt_at = null
    from facebook_page_connections as page
    where
        page.id = :connection_id
        and post.connection_id = page.id
        and post.stage = 'open'
        and post.status = 'pending'
        and post.status_reason = page.token_status_reason
    returning post.id
)

select
    id,
    (select social_wake_up()) as woken
from released
