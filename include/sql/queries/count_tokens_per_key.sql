-- Which keys are in use, by their fingerprints: the stored form of a token names its key. What waits in a login is not
-- counted; it is gone within minutes.
select
    split_part(stored.token, ':', 2) as key_id,
    count(*) as tokens
from (
    select access_token as token from facebook_page_connections
    union all
    select user_access_token from facebook_page_connections
) as stored
where stored.token is not null
group by key_id
order by tokens desc, key_id asc
