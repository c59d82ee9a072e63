-- Open the next attempt of posts that the run owns: at the claim, and when it comes back for a retry. Two copies of a
-- task meet at the index of open attempts: the second gets the first one's attempt, and only one passes the fence.
insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id)
select
    post.id,
    1 + (
        select count(*) from social_publish_attempts as earlier
        where earlier.scheduled_post_id = post.id
    ) as attempt_number,
    :dag_id as dag_id,
    :run_id as run_id
from social_scheduled_posts as post
where post.id = any(:post_ids) and post.status = 'queued' and post.claimed_by = :claimed_by
on conflict do nothing
