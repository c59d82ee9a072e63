// What a page does beyond forms and links. Every action works without it.
"use strict";

// A message that is there when the page opens is said by no screen reader; one that comes later is.
function say(words) {
  const live = document.getElementById("live");
  live.textContent = "";
  setTimeout(() => { live.textContent = words; }, 150);
}

// How long a text is, in characters as Facebook and the database count them.
function count(field) {
  const length = Array.from(field.value).length;
  const most = Number(field.dataset.count);
  const shown = document.getElementById(`${field.id}-count`);
  shown.textContent = `${length.toLocaleString("en")} of ${most.toLocaleString("en")} characters`;
  shown.classList.toggle("over", length > most);
}

document.addEventListener("DOMContentLoaded", () => {
  const message = document.querySelector("[data-say]");
  if (message) say(message.textContent.trim());
  for (const field of document.querySelectorAll("[data-count]")) {
    field.addEventListener("input", () => count(field));
    count(field);
  }
});

// What a part of a page can't be drawn for is said, and the page stays as it is.
document.addEventListener("htmx:responseError", (event) => {
  const answer = event.detail.xhr;
  if (answer.status === 401) { location.reload(); return; }
  let words = "This part of the page could not be renewed.";
  try {
    const problem = JSON.parse(answer.responseText);
    words = [problem.detail, problem.next_step].filter(Boolean).join(" Next: ");
  } catch { /* No problem of ours: the words above stay. */ }
  say(words);
});
