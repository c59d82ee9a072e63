-- Unconfirmed posts whose next read-back is due. Reading is harmless, so nothing is owned here; the next look is only
-- put off, so that the following scans leave the post to this run. The task that met the unknown outcome comes back by
-- itself when the read-back is due; the scan steps in only when it did not. A Page that has lost its token can't be read;
-- its posts wait for a new one.
with due as materialized (
    select post.id
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    where
        post.stage = 'unconfirmed'
        and post.due_at + :look_again_after <= now()
        and page.token_status != 'lost'
        and page.disconnected_at is null
    order by post.due_at
    limit :max_posts
    for update of post skip locked
)

update social_scheduled_posts as post
set next_attempt_at = now() + :look_again_after
from due
where post.id = due.id
returning post.id, post.connection_id
