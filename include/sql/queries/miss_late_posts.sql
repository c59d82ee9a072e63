-- A post that comes later than its lateness rule allows is not sent any more. Only first tries are judged: a post that
-- was sent once is late because of its retries, and one that a person wants now is late on purpose. A hand-over to
-- Facebook is no try to publish. One that was given back with its attempt ("released") was refused for its Page's sake,
-- so it is judged like those it was held with; posts of a paused Page or one without its token are judged when they may
-- go on, all together.
with late as materialized (
    select
        post.id,
        case coalesce(post.lateness_rule, page.lateness_rule)
            when 'never' then interval '1 minute'
            else make_interval(mins => coalesce(post.late_by_minutes, page.late_by_minutes))
        end as allowed
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    cross join social_publishing_gate as gate
    where
        post.stage = 'open'
        and post.status = 'pending'
        and post.due_at <= now()
        and post.requested_now_at is null
        and gate.paused_at is null
        and page.paused_at is null
        and page.token_status != 'lost'
        and coalesce(post.lateness_rule, page.lateness_rule) != 'always'
        and post.publish_at + case coalesce(post.lateness_rule, page.lateness_rule)
            when 'never' then interval '1 minute'
            else make_interval(mins => coalesce(post.late_by_minutes, page.late_by_minutes))
        end < now()
        and not exists (
            select 1 from social_publish_attempts as attempt
            where attempt.scheduled_post_id = post.id and attempt.sent_at is not null and not attempt.is_hand_over
                and attempt.outcome is distinct from 'released'
        )
    order by post.due_at
    limit :max_posts
    for update of post skip locked
)

update social_scheduled_posts as post
set
    status = 'missed',
    status_reason = 'It was not sent within ' || late.allowed || ' of its time, as its lateness rule asks.'
    || coalesce(' Held before: ' || post.status_reason, '')
from late
where post.id = late.id
returning post.id
