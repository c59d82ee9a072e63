-- After a restore: the posts that may have been sent since the dump. All that a run had in its hands, all whose time has
-- come, and of native ones all that may be with Facebook already. Locked, so that nobody moves them meanwhile.
select post.id
from social_scheduled_posts as post
where
    post.status in ('queued', 'publishing', 'unconfirmed')
    or post.status = 'pending'
    and (
        least(post.due_at, post.publish_at) <= now() + :claim_ahead
        or post.delivery = 'native' and post.publish_at <= now() + :max_ahead
    )
order by post.id
for update
