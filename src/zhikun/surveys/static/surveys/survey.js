// The questionnaire of one household: drawn by SurveyJS from the server's form, with photos, position and signatures.
"use strict";

document.addEventListener("DOMContentLoaded", async () => {
  const holder = document.getElementById("survey");
  if (!holder || !window.Survey) return;
  const data = JSON.parse(document.getElementById("survey-data").textContent);
  const words = document.getElementById("survey-words").dataset;
  const element = (id) => document.getElementById(id);
  const saved = element("saved");
  const say = (text, late) => {
    saved.textContent = text;
    saved.classList.toggle("zk-saved-late", late);
  };
  const keeping = window.zkKeeping(data, words, say);
  await keeping.open().catch(() => null);

  // Parts that SurveyJS makes before it knows the form's language speak English to a screen reader, unless Chinese is its own.
  Survey.surveyLocalization.defaultLocale = "zh-cn";
  Object.assign(Survey.surveyLocalization.locales["zh-cn"], {
    ok: words.ok, cancel: words.cancel, tagboxDoneButtonCaption: words.ok, choices_Choice: words.choices,
    loadingPage: words.wait, loadingData: words.wait, loadingFile: words.wait,
    ratingOptionsCaption: words.choose, buttongroupOptionsCaption: words.choose, placeholder: words.choose,
  });
  const model = new Survey.Model({ ...data.form, pages: [...data.form.pages, ...(data.self ? [] : [signing()])] });
  model.showNavigationButtons = true;
  model.showCompleteButton = false;
  model.focusFirstQuestionAutomatic = false;
  model.setVariable("today", data.today);
  const place = model.getQuestionByName("h_place");
  if (place) {
    place.choices = data.places;
    place.visible = data.isNew;
  }
  const start = (await keeping.kept().catch(() => null)) || data.answers;
  if (place && data.isNew && !start.h_place) start.h_place = data.village;
  if (!data.self && !start._visited_on) start._visited_on = data.today;
  model.data = start;
  const people = model.getQuestionByName("rows_member");
  model.onDynamicPanelRemoving && model.onDynamicPanelRemoving.add((_model, options) => {
    if (options.question === people && options.panel.getValue()._row) options.allow = false;
  });
  model.onGetPanelFooterActions && model.onGetPanelFooterActions.add((_model, options) => {
    if (options.question === people && options.panel && (options.panel.getValue() || {})._row) {
      options.actions = options.actions.filter((one) => one.id !== "remove-panel");
    }
  });
  model.onValueChanged.add(() => keeping.changed(model.data));
  model.onDynamicPanelValueChanged && model.onDynamicPanelValueChanged.add((_model, options) => fromNumber(options));
  // What was known before stands under its question, to be asked about; it is nobody's answer.
  for (const [path, text] of Object.entries(data.known || {})) {
    const question = questionAt(path);
    if (question) question.description = [question.description, text].filter(Boolean).join(" · ");
  }
  model.render(holder);
  if (start !== data.answers) keeping.changed(model.data);

  // The day of birth and the sex stand in the number: nobody types them twice.
  function fromNumber(options) {
    if (options.question !== people || options.name !== "id_number") return;
    const number = String(options.value || "").replace(/\s/g, "");
    if (!/^\d{17}[\dXx]$/.test(number)) return;
    const born = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`;
    for (const [name, value] of [["birth_date", born], ["sex", Number(number[16]) % 2 ? "male" : "female"]]) {
      const question = options.panel.getQuestionByName(name);
      if (question && question.isEmpty()) question.value = value;
    }
  }

  function signing() {
    const pad = (name, title) => ({
      type: "signaturepad", name, title, signatureWidth: 300, signatureHeight: 150, signatureAutoScaleEnabled: true,
      penColor: "#111111", backgroundColor: "#ffffff", showPlaceholder: false,
    });
    return {
      name: "page_signing", title: words.visit, description: words.two,
      elements: [
        { type: "text", inputType: "date", name: "_visited_on", title: words.day, maxValueExpression: "{today}" },
        ...data.team.map((one) => pad(`_sign_${one.id}`, `${words.surveyor}${one.name}（${one.part}）`)),
        { type: "text", name: "_present", title: words.present, maxLength: 50 },
        pad("_present_sign", words.presentSign),
      ],
    };
  }

  const own = (all) => Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("_")));

  // --- where something is wrong

  // A path names a row by its place among the rows, or by the row itself: "new-2" is the second of them.
  function panelAt([rows, row]) {
    const panels = (model.getQuestionByName(rows) || { panels: [] }).panels;
    const place = row.startsWith("new-") ? Number(row.slice(4)) - 1 : Number(row);
    return panels.find((one) => (one.getValue() || {})._row === row) || panels[place] || null;
  }

  function questionAt(path) {
    const parts = path.split("/");
    if (parts.length < 3) return model.getQuestionByName(path);
    const panel = panelAt(parts);
    return panel ? panel.getQuestionByName(parts[2]) : null;
  }

  function go(path) {
    const question = questionAt(path) || model.getQuestionByName(path.split("/")[0]);
    if (!question) return;
    if (path.includes("/")) {
      const panel = panelAt(path.split("/"));
      if (panel && panel.expand) panel.expand();
    }
    model.focusQuestionByInstance ? model.focusQuestionByInstance(question) : question.focus();
  }

  function tell(told) {
    const box = element("faults");
    box.replaceChildren();
    if (!told) return;
    const notice = document.createElement("div");
    notice.className = "zk-notice zk-notice-danger";
    for (const text of [told.what, told.faults && told.faults.length ? "" : told.why, told.remedy].filter(Boolean)) {
      const line = document.createElement("p");
      line.textContent = text;
      notice.append(line);
    }
    const list = document.createElement("ul");
    const faults = told.faults && told.faults.length ? told.faults : lacking(told);
    for (const fault of faults) {
      const question = questionAt(fault.path);
      if (question && question.addError) question.addError(new Survey.SurveyError(fault.text));
      const line = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-link";
      button.textContent = `${fault.title ? `${fault.title}：` : ""}${fault.text}`;
      button.addEventListener("click", () => go(fault.path));
      line.append(button);
      list.append(line);
    }
    if (faults.length) notice.append(list);
    box.append(notice);
    notice.scrollIntoView({ block: "center" });
    notice.tabIndex = -1;
    notice.focus({ preventScroll: true }); // who works by keyboard goes on from what is wrong
  }

  // What lies outside the questions: one press leads to the first signature that is missing, or to the reason for no position.
  function lacking(told) {
    if (told.field !== "signatures") return [];
    const pads = model.getPageByName("page_signing").questions;
    const empty = pads.find((one) => one.isEmpty());
    return empty ? [{ path: empty.name, title: "", text: words.goSign }] : [];
  }

  function show(html) {
    element("result").innerHTML = html; // written by our server, escaped there
    element("result").querySelectorAll("[data-path]").forEach((one) => one.addEventListener("click", () => go(one.dataset.path)));
    element("result").scrollIntoView({ block: "start" });
  }

  // --- position

  let position = null;
  element("locate") && element("locate").addEventListener("click", () => {
    const told = element("position");
    const failed = () => { told.textContent = words.unlocated; };
    if (!navigator.geolocation) return failed();
    told.textContent = words.locating;
    navigator.geolocation.getCurrentPosition((found) => {
      position = {
        latitude: found.coords.latitude, longitude: found.coords.longitude, accuracy: found.coords.accuracy,
        at: new Date(found.timestamp).toISOString(),
      };
      told.textContent = words.located.replace("{n}", Math.round(found.coords.accuracy));
    }, failed, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
    return undefined;
  });

  // --- photos: sent at once, one by one; what did not get through waits sealed on this device

  const photos = new Map((data.photos || []).map((client) => [client, { sent: true }]));
  const number = () => (crypto.randomUUID ? crypto.randomUUID() : ([1e7] + -1e3 + -4e3 + -8e3 + -1e11).replace(/[018]/g,
    (sign) => (sign ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (sign / 4)))).toString(16)));

  function drawPhotos() {
    const list = element("photos");
    if (!list) return;
    list.replaceChildren(...[...photos].map(([client, one], n) => {
      const line = document.createElement("li");
      if (one.shown) {
        const picture = document.createElement("img");
        picture.src = one.shown;
        picture.alt = words.photo.replace("{n}", n + 1);
        line.append(picture);
      }
      const text = document.createElement("span");
      text.textContent = `${words.photo.replace("{n}", n + 1)} ${one.sent ? "" : words.photoWaits}`;
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn btn-link";
      drop.textContent = words.drop;
      drop.addEventListener("click", () => dropPhoto(client));
      line.append(text, drop);
      return line;
    }));
  }

  async function dropPhoto(client) {
    const form = new FormData();
    form.append("client", client);
    form.append("drop", "1");
    try {
      await keeping.send(data.urls.photos, form);
    } catch (_error) {
      return say(words.memory, true);
    }
    await keeping.remove("photos", client);
    photos.delete(client);
    return drawPhotos();
  }

  async function sendPhoto(client) {
    const one = photos.get(client);
    if (!one || one.sent) return;
    const form = new FormData();
    form.append("client", client);
    form.append("taken_at", one.takenAt);
    form.append("photo", one.blob, "photo");
    try {
      const { status, told } = await keeping.send(data.urls.photos, form);
      if (status === 200) one.sent = true;
      else {
        photos.delete(client);
        tell(told);
      }
      await keeping.remove("photos", client);
    } catch (_error) {
      setTimeout(() => sendPhoto(client), 8000);
    }
    drawPhotos();
  }

  async function addPhoto(client, blob, takenAt) {
    photos.set(client, { sent: false, blob, takenAt, shown: URL.createObjectURL(blob) });
    drawPhotos();
    await keeping.put("photos", client, await blob.arrayBuffer(), { takenAt, type: blob.type }).catch(() => false);
    await sendPhoto(client);
  }

  element("photo") && element("photo").addEventListener("change", async (event) => {
    for (const file of event.target.files) await addPhoto(number(), file, new Date(file.lastModified).toISOString());
    event.target.value = "";
  });
  for (const client of await keeping.names("photos").catch(() => [])) {
    const one = await keeping.get("photos", client);
    if (one && one.of === keeping.named) {
      photos.set(client, { sent: false, blob: new Blob([one.plain], { type: one.type }), takenAt: one.takenAt });
      sendPhoto(client);
    }
  }
  drawPhotos();

  // --- trying and handing in

  element("trial") && element("trial").addEventListener("click", async () => {
    tell(null);
    try {
      const { status, told } = await keeping.send(data.urls.trial, JSON.stringify({ answers: own(model.data) }));
      if (status !== 200) return tell(told);
      show(told.html);
      if (told.faults.length) tell({ what: words.wrong.replace("{n}", told.faults.length), faults: told.faults });
    } catch (_error) {
      say(words.here, true);
    }
    return undefined;
  });

  // A visit is handed in with all its photos or not yet: what still waits on this device would go with the draft.
  async function everyPhotoSent() {
    const before = photos.size;
    for (const client of [...photos.keys()]) await sendPhoto(client);
    if (photos.size < before) say("", false); // one was refused, and why stands on the page
    else if ([...photos.values()].some((one) => !one.sent)) say(words.unsent, true);
    else return true;
    return false;
  }

  element("submit").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    tell(null);
    button.disabled = true;
    say(words.sending, false);
    if (!(await everyPhotoSent())) {
      button.disabled = false;
      return undefined;
    }
    if (!model.getValue("_client")) model.setValue("_client", number());
    const all = model.data;
    const signed = Object.fromEntries((data.team || []).filter((one) => all[`_sign_${one.id}`])
      .map((one) => [one.id, all[`_sign_${one.id}`]]));
    const body = data.self ? { questionnaire: data.questionnaire, answers: own(all) } : {
      client: all._client, questionnaire: data.questionnaire, answers: own(all), visited_on: all._visited_on, signed,
      present: all._present || "", present_signed: all._present_sign || "", position,
      no_position: element("no-position").value, photos: [...photos].filter(([, one]) => one.sent).map(([client]) => client),
    };
    try {
      const { status, told } = await keeping.send(data.urls.submit, JSON.stringify(body));
      if (status === 200) {
        await keeping.done();
        say(words.sent, false);
        if (told.go) return window.location.assign(told.go);
        holder.remove();
        document.querySelectorAll(".zk-main > section:not(#result), .zk-door-buttons").forEach((one) => one.remove());
        return show(told.html);
      }
      say("", false);
      tell(told);
    } catch (error) {
      say(error.message === "signed out" ? words.signedOut : words.unsent, true);
    }
    button.disabled = false;
    return undefined;
  });
  document.querySelectorAll(".zk-notice [data-path]").forEach((one) => one.addEventListener("click", () => go(one.dataset.path)));
  holder.zkModel = model;
  holder.dataset.ready = "1";
});
