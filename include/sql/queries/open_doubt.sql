-- An attempt that stands for whatever was done since the dump: the read-back looks from its sent_at on. It counts as a
-- hand-over, so Facebook's schedule is looked at as well as the Page, and it uses up no try.
insert into social_publish_attempts (
    scheduled_post_id, attempt_number, dag_id, run_id, sent_at, finished_at, is_hand_over, outcome, error_message
)
select
    post.id,
    1 + coalesce(max(earlier.attempt_number), 0) as attempt_number,
    :dag_id as dag_id,
    :run_id as run_id,
    least(:dumped_at, max(earlier.sent_at) filter (where earlier.outcome = 'unconfirmed')) as sent_at,
    now() as finished_at,
    true as is_hand_over,
    'unconfirmed' as outcome,
    :reason as error_message
from social_scheduled_posts as post
left join social_publish_attempts as earlier on post.id = earlier.scheduled_post_id
where post.id = any(:post_ids) and post.status = 'unconfirmed'
group by post.id
