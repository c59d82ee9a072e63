-- The next connections, by id, that have a token under another key than the newest; locked, so that no reconnect is
-- overwritten. Whoever publishes only reads these rows, and does not wait.
select
    id,
    access_token,
    user_access_token
from facebook_page_connections
where
    id > :after
    and (
        access_token not like :newest
        or user_access_token not like :newest
    )
order by id
limit :batch
for no key update
