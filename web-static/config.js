// Where the gateway is when this viewer is served from elsewhere, such as "https://box.lan:8420". Empty: from the same place as this file.
export default { apiBase: "" };
