-- Of some posts of a list those whose title has the words. The list is read in portions and each is asked here, so a
-- search costs no index that every change of a draft would have to write.
select post.id
from social_scheduled_posts as post
inner join social_drafts as draft on post.draft_id = draft.id
where post.id = any(:post_ids) and strpos(lower(draft.title), lower(:words)) > 0
