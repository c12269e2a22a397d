// Lays out the deployed dashboards and runs their custom widgets as CloudWatch does. It knows none of them.

const query = new URLSearchParams(location.search);
const every = Number(query.get("refresh") ?? 5) * 1000;
const alone = query.get("widget");
const $ = (id) => document.getElementById(id);
const widgets = [];
let account = {};
let name = "";

// --- What of a widget's HTML is kept: no script, no frame, no <use>, no handler, no address but of the web ------------

const TAGS = new Set(
  ("a abbr b blockquote br button caption circle code col colgroup cwdb-action dd defs desc details div dl dt ellipse em " +
    "fieldset figcaption figure footer form g h1 h2 h3 h4 h5 h6 header hr i img input label legend li line " +
    "lineargradient mark ol optgroup option p path polygon polyline pre rect s section select small span stop strong " +
    "style sub summary sup svg table tbody td text textarea tfoot th thead time title tr tspan u ul").split(" "),
);
const WITH_CONTENT = new Set(["script", "iframe", "object", "embed", "template", "noscript", "use", "math", "foreignobject"]);
const LINKS = new Set(["href", "src", "xlink:href", "formaction"]);

function clean(html) {
  const parsed = new DOMParser().parseFromString(`<body>${html}`, "text/html");
  const walk = (parent) => {
    for (const node of [...parent.childNodes]) {
      if (node.nodeType === Node.TEXT_NODE) continue;
      if (node.nodeType !== Node.ELEMENT_NODE) { node.remove(); continue; }
      const tag = node.localName.toLowerCase();
      if (WITH_CONTENT.has(tag)) { node.remove(); continue; }
      for (const { name, value } of [...node.attributes]) {
        const attribute = name.toLowerCase();
        const web = /^(https?:|mailto:|#)/i.test(value.trim()) || (tag === "img" && /^data:image\//i.test(value.trim()));
        if (attribute.startsWith("on") || attribute === "srcdoc" || (attribute === "action" && tag === "form") || (LINKS.has(attribute) && !web)) node.removeAttribute(name);
      }
      walk(node);
      if (!TAGS.has(tag)) node.replaceWith(...node.childNodes);
    }
  };
  walk(parsed.body);
  return parsed.body;
}

// --- A new answer takes the place of the old one, and what has not changed stays: focus, open lists, what was chosen ----

const OF_PEOPLE = new Set(["open", "selected", "checked", "value"]);

function morph(from, to) {
  const keyed = new Map([...from.children].filter((one) => one.id).map((one) => [one.id, one]));
  let at = from.firstChild;
  for (const node of [...to.childNodes]) {
    const found = node.id ? keyed.get(node.id) : at && !at.id ? at : null;
    if (!found || found.nodeName !== node.nodeName) { from.insertBefore(node, at); continue; }
    if (found === at) at = at.nextSibling;
    else from.insertBefore(found, at);
    if (node.nodeType === Node.TEXT_NODE) {
      if (found.data !== node.data) found.data = node.data;
      continue;
    }
    for (const { name } of [...found.attributes]) {
      if (!node.hasAttribute(name) && !OF_PEOPLE.has(name)) found.removeAttribute(name);
    }
    for (const { name, value } of [...node.attributes]) {
      if (found.getAttribute(name) !== value && (!OF_PEOPLE.has(name) || found.nodeName === "OPTION")) found.setAttribute(name, value);
    }
    morph(found, node);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

// --- Calling functions ----------------------------------------------------------------------------------------------

const post = async (path, body) => {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return answer.json();
};

function zone() {
  const minutes = query.get("timezone") === "local" ? -new Date().getTimezoneOffset() : 0;
  const two = (number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  const offsetISO = `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
  return { label: minutes ? "Local" : "UTC", offsetISO, offsetInMinutes: -minutes };
}

function context(widget) {
  const hours = 3 * 60 * 60 * 1000;
  const now = Date.now();
  const all = {};
  for (const field of widget.body.querySelectorAll("input[name], select[name], textarea[name]")) {
    if (!["checkbox", "radio"].includes(field.type) || field.checked) all[field.name] = field.value;
  }
  return {
    dashboardName: name,
    widgetId: `widget-${widget.number}`,
    accountId: account.AccountId,
    locale: navigator.language.split("-")[0],
    timezone: zone(),
    period: 300,
    isAutoPeriod: true,
    timeRange: { mode: "relative", start: now - hours, end: now, relativeStart: hours },
    theme: document.documentElement.dataset.theme,
    linkCharts: true,
    title: widget.properties.title ?? "",
    forms: { all },
    params: widget.properties.params ?? {},
    width: widget.body.clientWidth,
    height: widget.body.clientHeight,
  };
}

function loading() {
  const line = document.createElement("p");
  line.className = "loading";
  line.textContent = "Loading ...";
  return line;
}

async function call(widget, endpoint, parameters) {
  const event = { ...parameters, widgetContext: context(widget) };
  try {
    const answer = await post("/console/invoke", { Endpoint: endpoint, Event: event, As: $("as").value || undefined });
    return answer.Error || answer.Message ? told(answer.Error || answer.Message) : shown(answer.Payload);
  } catch (error) {
    return told(`The emulator does not answer: ${error.message}`);
  }
}

function told(message) {
  const body = document.createElement("body");
  const line = document.createElement("p");
  line.className = "error";
  line.textContent = message;
  body.append(line);
  return body;
}

function shown(payload) {
  if (typeof payload === "string") return clean(payload);
  const body = document.createElement("body");
  const text = document.createElement("pre");
  text.textContent = payload && typeof payload.markdown === "string" ? payload.markdown : JSON.stringify(payload, null, 2);
  body.append(text);
  return body;
}

// --- cwdb-action: what follows an element says what happens when it is clicked -----------------------------------------

function actionOf(start, type, within) {
  for (let element = start; element && element !== within; element = element.parentElement) {
    const next = element.nextElementSibling;
    if (next?.localName === "cwdb-action" && (next.getAttribute("event") ?? "click") === type) return next;
  }
  return null;
}

function confirmed(message) {
  if (!message) return Promise.resolve(true);
  $("question").textContent = message;
  $("confirm").returnValue = "";
  $("confirm").showModal();
  return new Promise((resolve) => {
    $("confirm").addEventListener("close", () => resolve($("confirm").returnValue === "confirm"), { once: true });
  });
}

async function act(widget, action) {
  // What is asked is what is done, whatever a refresh makes of the page meanwhile.
  const kind = action.getAttribute("action") ?? "html";
  const display = action.getAttribute("display") ?? "widget";
  const endpoint = action.getAttribute("endpoint");
  const content = kind === "html" ? action.innerHTML : action.textContent;
  if (!(await confirmed(action.getAttribute("confirmation")))) return;
  const answer = kind === "html" ? clean(content) : call(widget, endpoint, JSON.parse(content || "{}"));
  if (display === "popup") {
    $("answer").replaceChildren(loading());
    if (!$("popup").open) $("popup").showModal();
    $("answer").replaceChildren(...(await answer).childNodes);
    refresh();
  } else {
    morph(widget.body, await answer);
  }
}

// --- Layout -------------------------------------------------------------------------------------------------------------

const KINDS = { metric: "a graph", alarm: "alarms", log: "a query of logs" };

function lay({ type, properties = {}, width = 6 }, number) {
  if (type === "text") return heading(properties);
  if (type !== "custom") return folded(type, properties);
  const article = document.createElement("article");
  article.style.flexBasis = `calc(${(100 * width) / 24}% - 8px)`;
  const title = document.createElement("h2");
  title.textContent = properties.title || type;
  const body = document.createElement("div");
  body.className = "body";
  body.tabIndex = 0;
  body.setAttribute("role", "group");
  body.setAttribute("aria-label", title.textContent);
  body.append(loading());
  article.append(title, body);
  const widget = { body, properties, number, busy: false };
  for (const type of ["click", "dblclick"]) {
    body.addEventListener(type, (event) => {
      const action = actionOf(event.target, type, body);
      if (action) { event.preventDefault(); act(widget, action); }
    });
  }
  body.addEventListener("submit", (event) => event.preventDefault());
  widgets.push(widget);
  return article;
}

// Of Markdown no more than headings, which are what texts on dashboards are.
function heading(properties) {
  const section = document.createElement("section");
  for (const line of (properties.markdown ?? "").split("\n")) {
    const text = document.createElement(/^#+ /.test(line) ? "h2" : "p");
    text.textContent = line.replace(/^#+ /, "");
    section.append(text);
  }
  return section;
}

// What only AWS draws is one line, which opens to what would be drawn.
function folded(type, properties) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = `${properties.title || "Without a title"} (${KINDS[type] ?? type} that only CloudWatch draws)`;
  const list = document.createElement("ul");
  list.className = "metrics";
  for (const line of lines(type, properties)) {
    const item = document.createElement("li");
    item.textContent = line;
    list.append(item);
  }
  details.append(summary, list);
  return details;
}

function lines(type, properties) {
  if (type === "alarm") return (properties.alarms ?? []).map((arn) => arn.split(":").at(-1));
  if (type === "log") return [properties.query ?? ""];
  let before = [];
  return (properties.metrics ?? []).map((metric) => {
    const told = metric.filter((one) => typeof one === "string").map((one, place) => (one === "." ? before[place] : one));
    before = told;
    const options = metric.find((one) => typeof one === "object") ?? {};
    return [options.label, options.expression, told.join(" ")].filter(Boolean).join(": ");
  });
}

async function update(widget) {
  if (widget.busy) return;
  widget.busy = true;
  morph(widget.body, await call(widget, widget.properties.endpoint, widget.properties.params ?? {}));
  widget.busy = false;
}

async function refresh() {
  $("state").textContent ||= "Loading ...";
  await Promise.all(widgets.map(update));
  $("state").textContent = `Refreshed at ${new Date().toISOString().slice(11, 19)} UTC`;
}

async function open() {
  account = await (await fetch("/console/dashboards")).json();
  const wanted = query.get("dashboard");
  const dashboard = account.Dashboards.find((one) => one.Name === wanted) ?? account.Dashboards[0];
  for (const policy of account.Policies) $("as").append(new Option(policy, policy));
  for (const one of account.Dashboards.length > 1 ? account.Dashboards : []) {
    const link = document.createElement("a");
    link.href = `?dashboard=${encodeURIComponent(one.Name)}`;
    link.textContent = one.Name;
    $("dashboards").append(link);
  }
  if (!dashboard) {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = "No dashboard is deployed yet.";
    $("grid").append(text);
    return;
  }
  name = dashboard.Name;
  $("name").textContent = document.title = name;
  const placed = [...(dashboard.Body.widgets ?? []).entries()];
  const shown = placed.filter(([number]) => alone === null || Number(alone) === number);
  shown.sort(([, one], [, other]) => (one.y ?? 0) - (other.y ?? 0) || (one.x ?? 0) - (other.x ?? 0));
  $("grid").append(...shown.map(([number, one]) => lay(one, number)));
  await refresh();
  if (every) setInterval(() => { if (!document.hidden) refresh(); }, every);
}

function dress(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").setAttribute("aria-pressed", String(theme === "dark"));
}

dress(query.get("theme") === "dark" ? "dark" : "light");
$("theme").addEventListener("click", () => { dress(document.documentElement.dataset.theme === "dark" ? "light" : "dark"); refresh(); });
$("refresh").addEventListener("click", refresh);
$("as").addEventListener("change", refresh);
$("cancel").addEventListener("click", () => $("confirm").close("cancel"));
open();
