-- Posts with Facebook that should be live by now, or whose time a person has changed since; the most urgent first.
select id
from social_scheduled_posts
where status = 'handed_over' and (handed_over_for <= now() - :look_after or handed_over_for != publish_at)
order by least(handed_over_for, publish_at), id
limit :max_posts
