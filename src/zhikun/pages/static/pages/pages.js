// The little that pages do by themselves. Everything works without it.
(function () {
  "use strict";

  const notice = () => document.getElementById("notice");

  function sayOffline() {
    const words = document.getElementById("offline-notice");
    if (!words || !notice()) return;
    notice().replaceChildren(words.content.cloneNode(true));
    notice().scrollIntoView({ block: "nearest" });
  }

  // A refusal of ours says where it wants to stand (HX-Retarget). Any other failure must not pass in silence.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail.xhr;
    if (answer.status >= 400 && answer.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:responseError", sayOffline);
  document.addEventListener("htmx:sendError", sayOffline);
  document.addEventListener("htmx:timeout", sayOffline);

  // What was said before belongs to what was done before.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (notice() && !(event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every")) notice().replaceChildren();
  });

  // The menu stays as it was left on this machine.
  const menu = document.getElementById("menu-switch");
  if (menu) {
    menu.addEventListener("change", () => {
      if (window.innerWidth <= 800) return;
      document.cookie = "zhikun_menu=" + (menu.checked ? "folded" : "open") + ";path=/;max-age=31536000;samesite=lax";
    });
    // On a phone the menu lies over the page: it never opens by itself.
    if (window.innerWidth <= 800) menu.checked = false;
    // It looks like a button, so the key that presses buttons opens it, too.
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Enter") menu.click();
    });
  }

  // A form that came back: who works by keyboard, or listens, begins at the first thing that is wrong.
  const wrong = document.querySelector("main form:not([data-example]) ul.errorlist");
  if (wrong) {
    const field = wrong.closest(".zk-field");
    const first = field && field.querySelector("input:not([type=hidden]), select, textarea");
    if (!first) wrong.tabIndex = -1;
    (first || wrong).focus();
  }

  // A question that is open closes with Escape, and so does the menu that lies over a phone's page.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (menu && menu.checked && window.innerWidth <= 800) {
      menu.checked = false;
      menu.focus();
    }
    const open = event.target.closest && event.target.closest("details.zk-confirm[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });

  // A file that is too large is told before it is sent over a village's line.
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches || !field.matches("input[type=file][data-most-bytes]")) return;
    const most = Number(field.dataset.mostBytes);
    const large = Array.from(field.files).find((file) => file.size > most);
    field.setCustomValidity(large ? field.dataset.tooLarge : "");
    if (large) field.reportValidity();
  });

  // A picture is shown before it is sent: who stands at a door sees that it is the right one, and sharp.
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches || !field.matches("input[type=file][data-preview]")) return;
    const before = field.parentElement.querySelector("img.zk-preview");
    if (before) {
      URL.revokeObjectURL(before.src);
      before.remove();
    }
    const file = field.files[0];
    if (!file || !["image/jpeg", "image/png", "image/webp"].includes(file.type)) return;
    const shown = document.createElement("img");
    shown.className = "zk-preview";
    shown.alt = field.dataset.preview;
    shown.src = URL.createObjectURL(file);
    field.insertAdjacentElement("afterend", shown);
  });
})();
