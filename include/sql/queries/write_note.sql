-- What changes no row and still belongs into the audit log; the function knows which actions those are.
select social_note(:action, cast(:larp_id as uuid), cast(:entity_id as uuid), cast(:payload as jsonb))
