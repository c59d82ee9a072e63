"""Screens for people: an app of its own, drawn by the server, below the API's address and with its permissions.

How to add a screen:

1. Write `console/queue.py` with `router = APIRouter(route_class=GuardedRoute)` and routes below `LARP`:

       Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]

       @router.get(f"{LARP}/queue")
       async def show(request: Request, visit: Reader) -> Response:
           found = await in_thread(request, list_posts, visit.resources.engine, visit.larp.id)
           return render(request, "queue.html", found=found)

   `enter` refuses whoever may not (401, 403, 404) and, for a POST, whatever is not from a form of ours; `visit.form` is
   that form. Nothing of the domain is decided here: call a service, and let its errors through; they become pages.
2. Write `console/templates/queue.html`: extend `layout.html`, fill the blocks `title` and `main`, begin `main` with an
   `h1`. `{% import "macros.html" as ui with context %}` has `ui.badge(state)`, `ui.time(instant)`, `ui.pager(…)`,
   `ui.csrf()` (in every form that posts), `ui.empty(…)`. No inline script or style: the policy blocks both.
3. Put it into `SCREENS` in `console/screens.py`: that is its place in the navigation, and who sees it there.
4. What changes something is a POST that ends with `return leave(visit, visit.url("queue"), "Done.")`: a redirect, and a
   message on the page after it. What can't be undone asks first: a GET that draws `confirm.html` (see there).
5. Look at it at 390 and 1440 px in both themes, and add it to `tests/console`, where axe looks at it too.
"""
