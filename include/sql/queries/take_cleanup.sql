-- The next clean-up that is due. Deleting twice harms nobody, so nothing is owned here; the try is counted, and the next
-- one put off (twice as long each time), before it is made, so that one that kills its task can't be the first for ever.
with due as materialized (
    select id
    from social_media_cleanups
    where done_at is null and not_before <= now() and attempts < :max_tries
    order by not_before, id
    limit 1
    for update skip locked
)

update social_media_cleanups as cleanup
set attempts = cleanup.attempts + 1, not_before = now() + :first_wait * power(2, cleanup.attempts)
from due
where cleanup.id = due.id
returning cleanup.id
