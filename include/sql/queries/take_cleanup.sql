-- The next clean-up that is due. Deleting twice harms nobody, so nothing is owned here; the try is counted, and the next
-- one put off (twice as long each time), before it is made, so that one that kills its task can't be the first for ever.
-- With a lost token no try would come to anything, so none is made before the reconnect.
with due as materialized (
    select cleanup.id
    from social_media_cleanups as cleanup
    inner join facebook_page_connections as page on cleanup.connection_id = page.id
    where
        cleanup.done_at is null
        and cleanup.not_before <= now()
        and cleanup.attempts < :max_tries
        and page.token_status != 'lost'
    order by cleanup.not_before, cleanup.id
    limit 1
    for update of cleanup skip locked
)

update social_media_cleanups as cleanup
set attempts = cleanup.attempts + 1, not_before = now() + :first_wait * power(2, cleanup.attempts)
from due
where cleanup.id = due.id
returning cleanup.id
