-- Each connection once a week, those that end soon each day: so that the prompts at seven, three and one days come in
-- time. One that got no verdict keeps its old checked_at, and so comes again with the next run. A Page that a person names
-- is checked whatever its turn.
select page.id
from facebook_page_connections as page
where
    page.disconnected_at is null
    and page.access_token is not null
    and case
        when cast(:page_id as text) is null then
            page.checked_at is null
            or page.checked_at < now() - interval '6 days'
            or (
                page.token_expires_at < now() + interval '8 days'
                and page.checked_at < now() - interval '12 hours'
                and page.token_status != 'lost'
            )
        else page.page_id = :page_id
    end
order by page.checked_at asc nulls first, page.id asc
