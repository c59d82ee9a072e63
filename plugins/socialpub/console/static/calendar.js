// Moving a post by dragging it to another day. The same form is behind the link "Move" of each post.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("move");
  if (!form) return;
  const base = form.action;
  let dragged = null;

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-post]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.post);
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    for (const day of document.querySelectorAll(".over-day")) day.classList.remove("over-day");
  });
  for (const day of document.querySelectorAll("[data-day]")) {
    day.addEventListener("dragover", (event) => {
      if (!dragged || day.contains(dragged)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      day.classList.add("over-day");
    });
    day.addEventListener("dragleave", (event) => {
      if (!day.contains(event.relatedTarget)) day.classList.remove("over-day");
    });
    day.addEventListener("drop", (event) => {
      if (!dragged || day.contains(dragged)) return;
      event.preventDefault();
      form.action = `${base}/${dragged.dataset.post}`;
      form.elements.day.value = day.dataset.day;
      form.elements.version.value = dragged.dataset.version;
      form.submit();
    });
  }
});
