// placeholder replaced below
export interface RegisterMap { readonly name: string }
