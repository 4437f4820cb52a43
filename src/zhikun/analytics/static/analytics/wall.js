// The screen in the hall asks again by itself (HTMX). This says when it was last answered, and says it loudly when it was not.
(function () {
  "use strict";

  const wall = () => document.getElementById("wall");
  const alarm = document.getElementById("wall-alarm");
  const read = document.getElementById("wall-read");
  const until = document.getElementById("wall-until");
  if (!wall() || !alarm || !read) return;

  document.getElementById("wall-renews").hidden = false;
  const patience = Number(wall().dataset.every) * 2500;
  let answered = Date.now();
  let told = "";

  function say(name) {
    if (told === name) return;
    told = name;
    if (!name) {
      alarm.replaceChildren();
      return;
    }
    const words = document.getElementById("wall-" + name).content.cloneNode(true);
    words.querySelectorAll("[data-read]").forEach((place) => (place.textContent = read.textContent));
    alarm.replaceChildren(words);
  }

  // Before HTMX follows it: the sign-in page would take the place of the numbers, and a hall would see that alone.
  window.addEventListener(
    "htmx:beforeOnLoad",
    (event) => {
      const answer = event.detail.xhr;
      if (event.detail.elt !== wall()) return;
      if (answer.getResponseHeader("HX-Redirect")) {
        event.preventDefault();
        say("ended");
      } else if (answer.status === 200 || answer.status === 204) {
        answered = Date.now();
        read.textContent = answer.getResponseHeader("X-Zhikun-Read");
        until.textContent = answer.getResponseHeader("X-Zhikun-Until");
        say("");
      }
    },
    true
  );

  // What other pages say of a lost connection is about work; here nobody works.
  for (const [name, words] of [
    ["htmx:sendError", "lost"],
    ["htmx:timeout", "lost"],
    ["htmx:responseError", "fault"],
  ]) {
    window.addEventListener(
      name,
      (event) => {
        if (event.detail.elt !== wall()) return;
        event.stopPropagation();
        say(words);
      },
      true
    );
  }

  // Whatever the cause: numbers that have not been renewed for long are not shown as if they were new.
  window.setInterval(() => {
    if (!told && Date.now() - answered > patience) say("lost");
  }, 5000);
})();
