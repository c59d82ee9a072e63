-- Unconfirmed posts whose next read-back is due. Reading is harmless, so nothing is owned here; the next look is only
-- put off, so that the following scans leave the post to this run. The task that met the unknown outcome comes back by
-- itself when the read-back is due; the scan steps in only when it did not.
with due as materialized (
    select id
    from social_scheduled_posts
    where status = 'unconfirmed' and due_at + :look_again_after <= now()
    order by due_at
    limit :max_posts
    for update skip locked
)

update social_scheduled_posts as post
set next_attempt_at = now() + :look_again_after
from due
where post.id = due.id
returning post.id, post.connection_id
