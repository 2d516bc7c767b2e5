/** A server that speaks S3, a bucket on it, and a key that may do everything. */
export interface S3Server {
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The CA to trust, when it speaks TLS: as PEM text, and where it lies. */
  readonly caCertificate?: string;
  readonly caFile?: string;
  stop(): Promise<void>;
}
