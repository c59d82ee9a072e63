-- How many posts of a Page wait for their time.
select count(*) as posts
from social_scheduled_posts
where connection_id = :connection_id and stage = 'open' and status = 'pending'
