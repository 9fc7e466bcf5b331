// Starts Swagger UI on the page at /docs. It is a file of its own because the page's
// Content-Security-Policy allows no inline script; what differs per page stands in data attributes.

const page = document.querySelector("#swagger-ui");

const ui = SwaggerUIBundle({
  domNode: page,
  url: page.dataset.contract,
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // The validator badge would send the contract's address to a server on the internet.
  validatorUrl: null,
  // A token lives as long as the page. Kept in localStorage it would outlive its purpose.
  persistAuthorization: false,
  plugins: [ownParameters],
  onComplete: authorize,
});

// Only a development server puts a token on the page; every http bearer scheme then starts out with it.
function authorize() {
  if (page.dataset.token === undefined) return;
  const schemes = ui.specSelectors.specJson().toJS().components?.securitySchemes ?? {};
  for (const [name, scheme] of Object.entries(schemes)) {
    if (scheme.type === "http" && scheme.scheme?.toLowerCase() === "bearer") {
      ui.preauthorizeApiKey(name, page.dataset.token);
    }
  }
}

// When a deep link opens an operation, Swagger UI 5.35 shows references that the operation inherits from its
// path as a parameter called "any". So each operation gets its path's parameters as its own, which means the same.
function ownParameters() {
  const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
  const updateJsonSpec = (update) => (original) => {
    const contract = structuredClone(original);
    const named = contract.components?.parameters ?? {};
    const identity = (parameter) => {
      const target = named[parameter.$ref?.split("/").pop()] ?? parameter;
      return `${target.in} ${target.name}`;
    };
    for (const path of Object.values(contract.paths ?? {})) {
      for (const operation of methods.map((method) => path[method] ?? {})) {
        const own = operation.parameters ?? [];
        const overridden = new Set(own.map(identity));
        const inherited = (path.parameters ?? []).filter((parameter) => !overridden.has(identity(parameter)));
        operation.parameters = [...inherited, ...own];
      }
      delete path.parameters;
    }
    return update(contract);
  };
  return { statePlugins: { spec: { wrapActions: { updateJsonSpec } } } };
}
