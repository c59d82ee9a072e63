-- The same tokens under the newest key.
update facebook_page_connections as page
set access_token = given.access_token, user_access_token = given.user_access_token
from unnest(
    cast(:ids as uuid []), cast(:access_tokens as text []), cast(:user_access_tokens as text [])
) as given (id, access_token, user_access_token)
where page.id = given.id
