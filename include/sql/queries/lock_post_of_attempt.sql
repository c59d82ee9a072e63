-- Wait for whoever is changing the post right now: an edit that is being written, a person who cancels it.
select post.id
from social_scheduled_posts as post
where post.id = (select attempt.scheduled_post_id from social_publish_attempts as attempt where attempt.id = :attempt_id)
for update
