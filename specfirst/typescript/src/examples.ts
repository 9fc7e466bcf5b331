// A stand-in for the module that `specfirst client typescript` writes, so that the others compile.
export declare const examples: Readonly<Record<string, readonly [status: number, type: string, body: unknown]>>;
