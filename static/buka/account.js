// What the pages of signing in gain where scripts run: passwords that can be shown, and passkeys.

// --- Show a password ---------------------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const label = () => {
    const shown = field.type === "text";
    button.textContent = shown ? button.dataset.onLabel : button.dataset.offLabel;
  };
  button.addEventListener("click", () => {
    field.type = field.type === "password" ? "text" : "password";
    label();
  });
  // Browsers keep what was typed into plain fields.
  field.form?.addEventListener("submit", () => { field.type = "password"; label(); });
  label();
  button.hidden = false;
}

// --- Passkeys -------------------------------------------------------------------------------------------------

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const readable = (descriptor) => ({ ...descriptor, id: toBytes(descriptor.id) });

/** What the server asks for, in the form the browser wants it: names in base64url become bytes. */
function asked({ publicKey }) {
  const options = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (options.user) options.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) options.excludeCredentials = options.excludeCredentials.map(readable);
  if (options.allowCredentials) options.allowCredentials = options.allowCredentials.map(readable);
  return { publicKey: options };
}

/** What the device answered, in the form the server reads. Older browsers cannot write it down themselves. */
function answered(credential) {
  const { response } = credential;
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = toText(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: parts,
  });
}

async function options(form) {
  if (!form.dataset.optionsUrl) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} for the options of a passkey`);
  return (await answer.json()).request_options;
}

/** <form data-passkey="get|create" data-cancelled="…" hidden> with a field "credential", which is filled in and sent. */
function offer(form) {
  const place = form.querySelector("[data-passkey-said]");
  const button = form.querySelector("button:not([type=button])");
  let isFilledIn = false;
  form.addEventListener("submit", async (event) => {
    if (isFilledIn) {
      isFilledIn = false;
      return;
    }
    event.preventDefault();
    place.hidden = true;
    button.disabled = true;
    try {
      const wanted = asked(await options(form));
      const credential = await navigator.credentials[form.dataset.passkey](wanted);
      form.elements.credential.value = answered(credential);
      button.disabled = false;
      isFilledIn = true;
      form.requestSubmit();
    } catch (error) {
      // The person closed the question, waited too long, or the device has no passkey for us.
      button.disabled = false;
      place.textContent = (error.name === "InvalidStateError" && form.dataset.known) || form.dataset.cancelled;
      place.hidden = false;
    }
  });
  form.hidden = false;
}

if (window.PublicKeyCredential && navigator.credentials) document.querySelectorAll("[data-passkey]").forEach(offer);
else for (const sentence of document.querySelectorAll("[data-no-passkeys]")) sentence.hidden = false;
