-- Posts with Facebook that should be live by now, or whose time a person has changed since; the most urgent first. Inside
-- a rate-limit window nobody is asked, and with a lost token nobody answers: they are looked at after the reconnect.
select post.id
from social_scheduled_posts as post
inner join facebook_page_connections as page on post.connection_id = page.id
cross join social_publishing_gate as gate
where
    post.stage = 'handed_over'
    and (post.handed_over_for <= now() - :look_after or post.handed_over_for != post.publish_at)
    and page.token_status != 'lost'
    and coalesce(page.rate_limited_until, '-infinity') <= now()
    and coalesce(gate.rate_limited_until, '-infinity') <= now()
order by least(post.handed_over_for, post.publish_at), post.id
limit :max_posts
