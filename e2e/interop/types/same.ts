// hubpanel.d.ts against hubpanel.js, as the compiler reads the JavaScript: neither has what the other has not.
import * as declared from "./declared/hubpanel.js";
import * as written from "./written/hubpanel.js";

type Panel<M extends { load: (...options: any[]) => Promise<any> }> = Awaited<ReturnType<M["load"]>>;
type Device<M extends { load: (...options: any[]) => Promise<any> }> = Awaited<ReturnType<Panel<M>["connect"]>>;
type Names<T> = Extract<keyof T, string>;
type More<A, B> = Exclude<Names<A>, Names<B>>;
type None<T extends never> = T;

export type Exports = [None<More<typeof declared, typeof written>>, None<More<typeof written, typeof declared>>];
export type Panels = [None<More<Panel<typeof declared>, Panel<typeof written>>>,
  None<Exclude<More<Panel<typeof written>, Panel<typeof declared>>, "mount">>]; // for hubpanel's own pages
export type Devices = [None<More<Device<typeof declared>, Device<typeof written>>>, None<More<Device<typeof written>, Device<typeof declared>>>];

// And what both have fits.
export const load: typeof declared.load = written.load;
