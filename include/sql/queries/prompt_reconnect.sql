-- Ask once for each of seven, three and one days that somebody reconnects the Page. A new token starts anew.
with prompted as (
    update facebook_page_connections as page
    set prompted_days = :days
    where page.id = :connection_id and page.disconnected_at is null and coalesce(page.prompted_days, 8) > :days
    returning page.id, page.larp_id, page.page_id, page.page_name, page.token_expires_at, page.token_stored_at
)

insert into social_outbox (event, dedupe_key, larp_id, connection_id, payload)
select
    'page_token_expiring' as event,
    concat_ws(':', 'page_token_expiring', id, extract(epoch from token_stored_at), cast(:days as text)) as dedupe_key,
    larp_id,
    id as connection_id,
    jsonb_build_object(
        'page_id', page_id, 'page_name', page_name, 'expires_at', token_expires_at, 'days_left', :days,
        'reconnect_url', cast(:reconnect_url as text)
    ) as payload
from prompted
on conflict (dedupe_key) do nothing
returning id
