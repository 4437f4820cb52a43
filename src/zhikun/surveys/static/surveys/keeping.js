// What has been typed is kept: on the server, and until that has it, sealed on this device.
"use strict";

window.zkKeeping = function (data, words, say) {
  const named = `${data.id}`;
  let key = null;
  let shop = null;

  // IndexedDB and WebCrypto want HTTPS (or this machine); without them the page itself is the only copy.
  async function open() {
    if (!data.key || !window.idb || !window.crypto || !window.crypto.subtle) return;
    const raw = Uint8Array.from(atob(data.key), (sign) => sign.charCodeAt(0));
    key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
    shop = await idb.openDB("zhikun-surveys", 1, {
      upgrade(db) {
        db.createObjectStore("drafts");
        db.createObjectStore("photos");
      },
    });
  }

  async function sealed(bytes) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, bytes: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes) };
  }

  async function opened(kept) {
    return crypto.subtle.decrypt({ name: "AES-GCM", iv: kept.iv }, key, kept.bytes);
  }

  async function put(store, name, bytes, more) {
    if (!shop) return false;
    await shop.put(store, { ...more, ...(await sealed(bytes)), of: named }, name);
    return true;
  }

  async function get(store, name) {
    if (!shop) return null;
    const kept = await shop.get(store, name);
    if (!kept) return null;
    try {
      return { ...kept, plain: await opened(kept) };
    } catch (_error) {
      await shop.delete(store, name); // of somebody else, or of older keys: nobody can read it any more
      return null;
    }
  }

  const remove = async (store, name) => shop && shop.delete(store, name);
  const names = async (store) => (shop ? shop.getAllKeys(store) : []);

  // --- the server

  async function send(url, body) {
    const headers = { "X-CSRFToken": document.querySelector("#csrf input").value, Accept: "application/json" };
    if (typeof body === "string") headers["Content-Type"] = "application/json";
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", credentials: "same-origin" });
    if (answer.type === "opaqueredirect" || answer.status === 403) throw new Error("signed out");
    if (answer.status >= 500) throw new Error("server");
    return { status: answer.status, told: await answer.json().catch(() => ({})) };
  }

  // --- drafts

  let sequence = data.sequence;
  let waiting = null;
  let timer = 0;
  let pause = 2000;
  let busy = false;

  function changed(answers) {
    waiting = { sequence: (sequence += 1), answers, questionnaire: data.questionnaire };
    say(words.saving, false);
    if (data.urls.draft) {
      put("drafts", named, new TextEncoder().encode(JSON.stringify(waiting))).catch(() => false);
      again(700);
    } else {
      say("", false);
    }
  }

  function again(after) {
    clearTimeout(timer);
    timer = setTimeout(flush, after);
  }

  async function flush() {
    if (!waiting || busy) return;
    busy = true;
    const sent = waiting;
    try {
      const { status, told } = await send(data.urls.draft, JSON.stringify(sent));
      if (status === 200) {
        pause = 2000;
        if (waiting === sent) {
          waiting = null;
          await remove("drafts", named);
          say(words.saved, false);
        }
      } else {
        waiting = status === 409 ? null : waiting;
        say(`${told.what || ""}${told.remedy || ""}`, true);
      }
    } catch (error) {
      say(error.message === "signed out" ? words.signedOut : shop ? words.here : words.memory, true);
      pause = Math.min(pause * 2, 30000);
      again(pause);
    } finally {
      busy = false;
      if (waiting && waiting !== sent) again(100);
    }
  }

  // A newer copy on this device than the server has: the connection was lost before it got there.
  async function kept() {
    const found = await get("drafts", named);
    if (!found) return null;
    const told = JSON.parse(new TextDecoder().decode(found.plain));
    if (told.sequence <= data.sequence) return null;
    sequence = told.sequence;
    return told.answers;
  }

  async function done() {
    clearTimeout(timer);
    waiting = null;
    await remove("drafts", named);
    for (const name of await names("photos")) {
      const one = await get("photos", name);
      if (one && one.of === named) await remove("photos", name);
    }
  }

  window.addEventListener("online", () => waiting && again(100));
  window.addEventListener("beforeunload", (event) => {
    if (waiting) event.preventDefault();
  });

  return { open, put, get, remove, names, send, changed, flush, kept, done, named, isWaiting: () => waiting !== null };
};
